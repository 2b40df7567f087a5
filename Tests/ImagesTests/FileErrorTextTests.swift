import Errors
import Foundation
import Testing

@testable import Images

/// Errors of Foundation, and room on disks, in words.
@Suite struct FileErrorTextTests {
    @Test func `a full disk, a missing file and a forbidden one give readable errors`() {
        for (code, word) in [
            (CocoaError.fileWriteOutOfSpace, "no space is left"),
            (.fileReadNoSuchFile, "there is no such file"),
            (.fileWriteNoPermission, "permission denied"), (.fileWriteVolumeReadOnly, "read-only"),
            (.fileReadCorruptFile, "cannot be read"),
        ] {
            let text = FileErrorText.of(CocoaError(code, userInfo: [NSFilePathErrorKey: "/srv/x"]))
            #expect(text.contains(word) && text.contains("/srv/x") && !text.contains("Domain"), "\(text)")
        }
        #expect(FileErrorText.of(ImageLacks("own words")) == "own words")
        let missing = #expect(throws: (any Error).self) {
            try FileManager.default.copyItem(atPath: "/nowhere/a", toPath: "/nowhere/b")
        }
        let text = missing.map { FileErrorText.of($0) } ?? ""
        #expect(text.contains("/nowhere/") && !text.contains("NSCocoaErrorDomain"), "\(text)")
    }

    @Test func `data that clearly does not fit is refused before anything starts`() throws {
        try DiskRoom.require(0, in: "/", for: "nothing")
        let error = #expect(throws: NoRoom.self) {
            try DiskRoom.require(.max / 2, in: "/", for: "the version")
        }
        #expect(
            error?.description.hasPrefix("there is not enough space for the version on the disk of /") == true
        )
    }
}
