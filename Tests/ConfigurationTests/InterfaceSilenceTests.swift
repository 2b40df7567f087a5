import Foundation
import Testing

@testable import RoostCommand

/// Why an interface hears nothing, as sysfs tells it.
@Suite final class InterfaceSilenceTests {
    private let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-net-\(UUID())").path
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    @Test(arguments: [
        ("0x1003", "1", nil), ("0x1002", "", InterfaceSilence.Kind.down), ("0x1003", "0", .noLink),
        ("0x9", "1", .loopback), ("0x8", "", .down), ("0x1003", nil, nil), ("", "1", nil),
    ])
    func `its flags and its carrier tell it`(
        flags: String, carrier: String?, expected: InterfaceSilence.Kind?
    ) throws {
        try FileManager.default.createDirectory(
            atPath: "\(directory)/eth1", withIntermediateDirectories: true)
        for (name, text) in [("flags", flags), ("carrier", carrier)] {
            try text.map {
                try Data("\($0)\n".utf8).write(to: URL(fileURLWithPath: "\(directory)/eth1/\(name)"))
            }
        }
        #expect(InterfaceSilence(of: "eth1", in: directory)?.kind == expected)
        #expect(InterfaceSilence(of: "eth2", in: directory)?.kind == nil)
        try FileManager.default.createDirectory(
            atPath: "\(directory)/eth1/bridge", withIntermediateDirectories: true)
        #expect(
            InterfaceSilence(of: "eth1", in: directory)?.kind == (expected == .noLink ? nil : expected))
    }

    @Test func `this host's own loopback leads to no machine`() {
        #expect(InterfaceSilence(of: "lo")?.kind == .loopback)
    }
}
