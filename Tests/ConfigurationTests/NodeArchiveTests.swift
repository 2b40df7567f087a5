import Fleet
import Foundation
import Testing

@testable import RoostCommand

@Suite struct NodeArchiveTests {
    /// A static program for an ELF machine, according to its headers.
    private func write(_ path: String, machine: UInt8, isDynamic: Bool = false) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        var bytes = Data([0x7F, 0x45, 0x4C, 0x46]) + Data(count: 80)
        bytes[18] = machine
        if isDynamic {
            // One program header behind the file's, of type PT_INTERP.
            (bytes[32], bytes[54], bytes[56], bytes[64]) = (64, 56, 1, 3)
            bytes += Data(count: 40)
        }
        try bytes.write(to: url)
    }

    @Test func `each architecture with programs gets an archive, named by their digest`()
        throws
    {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("roost-node-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        let (amd64, arm64): (UInt8, UInt8) = (62, 183)
        for (name, machine) in [
            ("roost-node", amd64), ("busybox", amd64), ("arm64/roost-node", arm64),
            ("arm64/busybox", arm64), ("half/roost-node", arm64),
        ] { try write("\(place)/\(name)", machine: machine) }
        var settings = ServerSettings()
        settings.stateDirectory = place
        settings.nodeProgram = "\(place)/roost-node"
        settings.busybox = "\(place)/busybox"
        try FileManager.default.createDirectory(
            atPath: settings.nodeArchiveDirectory, withIntermediateDirectories: true)
        try write("\(settings.nodeArchiveDirectory)/old.cpio", machine: amd64)
        let files = NodeArchiveFiles(
            directory: settings.nodeArchiveDirectory, serverKey: [UInt8](repeating: 1, count: 32))
        let archives = try files.make(settings)
        #expect(Swift.Set(archives.keys) == ["amd64", "arm64"])
        #expect(
            Swift.Set(try FileManager.default.contentsOfDirectory(atPath: settings.nodeArchiveDirectory))
                == Swift.Set(archives.values.map { "\($0.digest).cpio" }))
        // Programs for different architectures cannot boot together.
        try write("\(place)/busybox", machine: arm64)
        #expect(throws: (any Error).self) { try files.make(settings) }
    }

    /// Debian's package busybox has its program in the same place as busybox-static.
    @Test func `a program that needs libraries is found before the start`() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent("roost-node-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        var settings = ServerSettings()
        (settings.nodeProgram, settings.busybox) = ("\(place)/roost-node", "\(place)/busybox")
        for name in ["roost-node", "busybox"] { try write("\(place)/\(name)", machine: 62) }
        try NodeArchiveFiles.check(settings)
        try write(settings.busybox, machine: 62, isDynamic: true)
        let error = #expect(throws: (any Error).self) { try NodeArchiveFiles.check(settings) }
        #expect(error.map { "\($0)" }?.contains("(install busybox-static)") == true)
    }
}
