import Foundation
import Linux

/// Why no machine is heard on an interface, however well it is served.
struct InterfaceSilence {
    var text: String
    var fix: String
    var kind = Kind.down

    enum Kind { case down, loopback, noLink }

    /// Nil when there is nothing to say, or the system does not tell (sysfs-class-net).
    init?(of name: String, in directory: String = "/sys/class/net") {
        func value(_ file: String) -> String? {
            (try? String(contentsOfFile: "\(directory)/\(name)/\(file)", encoding: .utf8))?
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let flags = value("flags").flatMap({ UInt32($0.dropFirst(2), radix: 16) }) else { return nil }
        // One of virtual machines has a link while one of them runs.
        let isBridge = FileManager.default.fileExists(atPath: "\(directory)/\(name)/bridge")
        let isUp: UInt32 = 0x1
        let isLoopback: UInt32 = 0x8
        if flags & isUp == 0 {
            text = "interface \(name) is down"
            fix = "ip link set \(name) up"
        } else if flags & isLoopback != 0 {
            text = "interface \(name) leads to this host itself, and to no machine"
            fix = "choose the interface that leads to the machines"
            kind = .loopback
        } else if value("carrier") == "0", !isBridge {
            text = "interface \(name) has no link: no cable, or nothing at its other end"
            fix = "plug it in"
            kind = .noLink
        } else {
            return nil
        }
    }
}
