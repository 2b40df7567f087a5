import Foundation
import Testing

/// Another host on the server's network, in its own network namespace; its card has any MAC address that it wants.
final class Neighbour: Sendable {
    let namespace: String
    let address: String
    /// The other end of its cable.
    let cable: String
    /// The namespace of the other end of its cable; nil is this machine's own.
    private let other: String?

    /// A host in the laboratory. Without an address it gets one by DHCP, like a machine with that card.
    ///
    /// - Parameter isServed: whether it is on the network that is served, or on another of the server's interfaces.
    init(_ name: String, mac: String, address: String? = nil, isServed: Bool = true) throws {
        (namespace, cable, other) = (BootLab.namespace(of: name), "h-\(name)", BootLab.namespace)
        try Self.make(namespace, cable, other, mac)
        try BootLab.run(
            "ip",
            ["-n", BootLab.namespace, "link", "set", cable] + (isServed ? ["master", "br0"] : []) + ["up"])
        if let address {
            self.address = address
        } else {
            self.address = try BootLab.run(
                "ip",
                [
                    "netns", "exec", namespace, "sh", "-c",
                    "busybox udhcpc -i eth0 -q -n -t 10 -s /bin/true 2>&1 | sed -n 's/.*lease of \\([0-9.]*\\) .*/\\1/p'",
                ]
            ).filter { !$0.isNewline }
            try #require(!self.address.isEmpty)
        }
        try BootLab.run("ip", ["-n", namespace, "addr", "add", "\(self.address)/24", "dev", "eth0"])
    }

    /// A host connected to this machine, which has the address `server` there.
    init(_ name: String, mac: String, address: String, server: String) throws {
        namespace = BootLab.namespace(of: name)
        cable = "h\(BootLab.lane)-\(name)"
        other = nil
        self.address = address
        try Self.make(namespace, cable, other, mac)
        try BootLab.run("ip", ["addr", "add", "\(server)/30", "dev", cable])
        try BootLab.run("ip", ["link", "set", cable, "up"])
        try BootLab.run("ip", ["-n", namespace, "addr", "add", "\(address)/30", "dev", "eth0"])
    }

    deinit {
        _ = try? BootLab.run("ip", ["netns", "del", namespace])
        // When a namespace ends, its cable is removed only some time later.
        _ = try? BootLab.run("ip", (other.map { ["-n", $0] } ?? []) + ["link", "del", cable])
    }

    private static func make(_ namespace: String, _ cable: String, _ other: String?, _ mac: String) throws {
        let there = other.map { ["-n", $0] } ?? []
        _ = try? BootLab.run("ip", ["netns", "del", namespace])
        _ = try? BootLab.run("ip", there + ["link", "del", cable])
        try BootLab.run("ip", ["netns", "add", namespace])
        try BootLab.run(
            "ip", there + ["link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", namespace])
        try BootLab.run("ip", ["-n", namespace, "link", "set", "lo", "up"])
        try BootLab.run("ip", ["-n", namespace, "link", "set", "eth0", "address", mac, "up"])
    }

    @discardableResult
    func run(_ words: [String]) throws -> String {
        try BootLab.run("ip", ["netns", "exec", namespace] + words)
    }

    /// The statuses of the boot server's answers to requests that one program sends, one after the other.
    func statuses(_ paths: [String], body: String? = nil) throws -> Set<String> {
        let answers = try run(
            ["curl", "-s", "-m", "20", "-w", "%{http_code}\n"] + (body.map { ["--data-binary", $0] } ?? [])
                + paths.flatMap { ["-o", "/dev/null", "http://10.77.0.1/\($0)"] })
        return Set(answers.split(separator: "\n").map(String.init))
    }

    /// The status of the boot server's answer, and its body.
    func ask(_ path: String, body: String? = nil) throws -> (status: String, text: String) {
        let answer = try run(
            ["curl", "-s", "-m", "20", "-w", "\n%{http_code}"] + (body.map { ["--data-binary", $0] } ?? [])
                + ["http://10.77.0.1/\(path)"])
        let lines = answer.split(separator: "\n", omittingEmptySubsequences: false)
        return (String(lines.last ?? ""), lines.dropLast().joined(separator: "\n"))
    }
}
