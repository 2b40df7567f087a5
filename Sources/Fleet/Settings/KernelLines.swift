import Wire

/// A kernel module: to be loaded, with or without options, or never.
package struct ModuleLine: SettingEntry {
    package let key: String
    /// `load`, `deny`, `off`, or options of a module to be loaded: `max_loop=64`.
    package let text: String

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard Self.isKey(key) else { throw InvalidSetting("‘\(key)’ is not the name of a kernel module") }
        (self.key, self.text) = (key, text)
        guard !isLoaded || options.allSatisfy({ $0.contains("=") && String($0).isOneWord }) else {
            throw InvalidSetting("‘\(key)=\(text)’ is not MODULE=load, deny, off or NAME=VALUE …")
        }
    }

    package var isDenied: Bool { text == "deny" }
    package var isLoaded: Bool { text != "deny" && text != "off" }
    package var options: [Substring] {
        isLoaded && text != "load" ? text.split(separator: " ") : []
    }

    static func isKey(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 64 && text.first != "-"
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || [0x2D, 0x5F].contains($0)
            }
    }
}

/// A kernel parameter below `/proc/sys`.
package struct KernelParameter: SettingEntry {
    /// With dots, as sysctl(8) writes it: `net.ipv4.ip_forward`. A slash in it is a dot of a name: `net.ipv4.conf.eth0/100.forwarding`.
    package let key: String
    package let text: String

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard Self.isKey(key) else {
            throw InvalidSetting(
                "‘\(key)’ is not the name of a kernel parameter, such as net.ipv4.ip_forward")
        }
        guard !text.isEmpty, !text.unicodeScalars.contains(where: { PlainText.isControl($0) && $0 != "\t" })
        else { throw InvalidSetting("‘\(key)=\(text)’ has no value, or one of several lines") }
        (self.key, self.text) = (key, text)
    }

    static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count > 1 && text.isOneWord
            && parts.allSatisfy { part in
                !part.isEmpty && !part.contains("=") && !part.hasPrefix("/") && !part.hasSuffix("/")
                    && !part.contains("//")
            }
    }

    package var flaw: Sentence? {
        let first = String(key.prefix { $0 != "." })
        return Self.classes.contains(first)
            ? nil
            : "‘\(key)’ does not begin with a class of kernel parameters: \(Self.classes.joined(separator: ", "))"
    }

    /// Documentation/admin-guide/sysctl
    private static let classes = [
        "abi", "crypto", "debug", "dev", "fs", "kernel", "net", "sunrpc", "user", "vm",
    ]
}
