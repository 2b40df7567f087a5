import Foundation
import Testing

@testable import Images

@Suite struct WorkDirectoryTests {
    @Test func `an interrupted process's leftovers are removed, and a directory in use stays`() throws {
        let files = FileManager.default
        let base = NSTemporaryDirectory() + "roost-work-" + UUID().uuidString
        defer { try? files.removeItem(atPath: base) }
        for left in ["root-1/etc", "root-\(ProcessInfo.processInfo.processIdentifier)", "debs"] {
            try files.createDirectory(atPath: "\(base)/\(left)", withIntermediateDirectories: true)
        }
        func names() throws -> Swift.Set<String> { Swift.Set(try files.contentsOfDirectory(atPath: base)) }

        let first = try WorkDirectory(in: base, prefix: "root-")
        let second = try WorkDirectory(in: base, prefix: "root-")
        let held = [first, second].map { URL(fileURLWithPath: $0.path).lastPathComponent }
        #expect(try names() == Swift.Set(held + ["debs"]))
        try Data("x".utf8).write(to: URL(fileURLWithPath: "\(second.path)/file"))
        second.remove()
        #expect(try names() == [held[0], "debs"])
        withExtendedLifetime(first) {}
    }
}
