import Fleet
import Foundation
import Testing

@testable import Images

@Suite struct VolumeStoreTests {
    @Test func `removing a volume takes its generations and snapshots, and leaves swap that may be in use`()
        throws
    {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("roost-volumes-\(UUID())")
            .path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let node = try NodeName("pc-1")
        let directory = "\(place)/\(node)"
        try FileManager.default.createDirectory(
            atPath: "\(directory)/snapshots", withIntermediateDirectories: true)
        for name in ["1.ext4", "boot.swap", "snapshots/first.ext4"] {
            try Data().write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }
        let store = VolumeStore(directory: place)
        try store.remove(node)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["boot.swap"])
        // Without a swap nothing of the node is left, and what is not there is no error.
        try FileManager.default.removeItem(atPath: "\(directory)/boot.swap")
        try Data().write(to: URL(fileURLWithPath: "\(directory)/2.ext4"))
        try store.remove(node)
        #expect(!FileManager.default.fileExists(atPath: directory))
        try store.remove(node)
    }
}
