import Foundation
import Glibc
import Testing

@testable import Images

/// Holes in the files of a root: packing reads them all.
@Suite struct HoleTests {
    @Test func `a root with terabytes of holes is refused, and what the image leaves out does not count`()
        throws
    {
        let root = try SampleRoot()
        for name in ["etc/os-release", "swapfile", "var/log/lastlog", "srv/disk"] {
            try root.put(name, "ID=debian\n")
        }
        func grow(_ name: String, to byteCount: Int) throws {
            try #require(unsafe truncate("\(root.path)/\(name)", off_t(byteCount)) == 0)
        }
        try grow("swapfile", to: 4 << 40)
        try grow("var/log/lastlog", to: 4 << 40)
        try grow("srv/disk", to: 1 << 40)
        #expect(try ImagePacker.leastByteCount(of: root.path) { _ in } < 1 << 20)
        try grow("srv/disk", to: (1 << 40) + (1 << 30))
        let refusal = #expect(throws: ImageLacks.self) {
            try ImagePacker.leastByteCount(of: root.path) { _ in }
        }
        #expect(refusal?.description.contains("srv/disk") == true)
        // Many small ones are as much.
        try grow("srv/disk", to: 1)
        for number in 0..<300 {
            try root.put("srv/\(number)", "x")
            try grow("srv/\(number)", to: 4 << 30)
        }
        #expect(throws: ImageLacks.self) { try ImagePacker.leastByteCount(of: root.path) { _ in } }
    }
}
