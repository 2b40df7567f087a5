import Foundation
import Testing

@testable import Images

/// What qemu-img tells of disks that name other files.
@Suite struct DiskFactsTests {
    private func isWhole(_ members: String) throws -> Bool {
        let json = #"{"format":"qcow2","virtual-size":1024\#(members)}"#
        return try JSONDecoder().decode(DiskFacts.self, from: Data(json.utf8)).isWhole(at: "/work/disk")
    }

    @Test(arguments: [
        "", #","format-specific":{"type":"qcow2","data":{"compat":"1.1","lazy-refcounts":false}}"#,
        #","format-specific":{"type":"vmdk","data":{"cid":1,"extents":[{"filename":"/work/disk","format":""}]}}"#,
    ])
    func `a disk in one file is read`(members: String) throws {
        #expect(try isWhole(members))
    }

    @Test(arguments: [
        #","backing-filename":"base""#, #","full-backing-filename":"/etc/shadow""#,
        #","format-specific":{"type":"qcow2","data":{"data-file":"/dev/sda"}}"#,
        #","format-specific":{"type":"vmdk","data":{"extents":[{"filename":"/work/disk"},{"filename":"b"}]}}"#,
        #","format-specific":{"type":"vmdk","data":{"extents":[{"format":"FLAT"}]}}"#,
    ])
    func `a disk that names another file is not`(members: String) throws {
        #expect(try !isWhole(members))
    }

    @Test func `what is told in another form is no disk in one file`() {
        #expect(throws: DecodingError.self) {
            try isWhole(#","format-specific":{"data":{"data-file":["/dev/sda"]}}"#)
        }
    }
}
