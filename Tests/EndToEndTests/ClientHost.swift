import Foundation

/// A host on the laboratory's bridge: a namespace of its own with one cable.
enum ClientHost {
    static let name = BootLab.namespace(of: "host")

    /// Once for all tests: a namespace that goes takes its cable away only some time later.
    static let made = Result { try make() }

    private static func make() throws {
        _ = try? BootLab.run("ip", ["netns", "del", name])
        try BootLab.run("ip", ["netns", "add", name])
        let bridge = ["-n", BootLab.namespace]
        try BootLab.run(
            "ip",
            bridge + ["link", "add", "h0", "type", "veth", "peer", "name", "eth0", "netns", name])
        try BootLab.run("ip", bridge + ["link", "set", "h0", "master", "br0", "up"])
        try BootLab.run("ip", ["-n", name, "link", "set", "eth0", "address", "52:54:00:00:0a:01"])
        try BootLab.run("ip", ["-n", name, "link", "set", "lo", "up"])
        try BootLab.run("ip", ["-n", name, "link", "set", "eth0", "up"])
        try BootLab.run("ip", ["-n", name, "addr", "add", "10.77.0.2/24", "dev", "eth0"])
        atexit { _ = try? BootLab.run("ip", ["netns", "del", ClientHost.name]) }
    }

    @discardableResult
    static func run(_ arguments: String...) throws -> String {
        try BootLab.run("ip", ["netns", "exec", name] + arguments)
    }
}
