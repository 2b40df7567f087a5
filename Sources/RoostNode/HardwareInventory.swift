import Glibc
import Linux
import Wire

/// Collects what this machine is made of, from /sys and /proc, as JSON (the server's `Hardware`).
enum HardwareInventory {
    static func json() -> String {
        func dmi(_ name: String) -> String { text("/sys/class/dmi/id/\(name)") }
        let processors = text("/proc/cpuinfo").split(separator: "\n")
        let model =
            processors.first { $0.hasPrefix("model name") || $0.hasPrefix("Model") }?
            .split(separator: ":", maxSplits: 1).last.map { trimmed($0) } ?? ""
        let memory =
            text("/proc/meminfo").split(separator: "\n").first { $0.hasPrefix("MemTotal:") }?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let isUEFI = unsafe access("/sys/firmware/efi", F_OK) == 0
        let fields = [
            ("vendor", quoted(dmi("sys_vendor"))), ("product", quoted(dmi("product_name"))),
            ("serial", quoted(dmi("product_serial"))), ("board", quoted(dmi("board_name"))),
            ("firmware", quoted(trimmed("\(dmi("bios_vendor")) \(dmi("bios_version"))"))),
            ("firmwareKind", quoted(isUEFI ? "uefi" : "bios")),
            ("isSecureBootOn", isSecureBootOn ? "true" : "false"), ("processor", quoted(model)),
            ("processorCount", String(processors.count { $0.hasPrefix("processor") })),
            ("memoryMebibytes", String(memory / 1024)), ("cards", "[\(cards.joined(separator: ","))]"),
        ]
        return "{\(fields.map { "\"\($0)\":\($1)" }.joined(separator: ","))}"
    }

    /// The EFI variable SecureBoot: four bytes of attributes, then 1.
    private static var isSecureBootOn: Bool {
        let path = "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
        return (try? WholeFile.read(path))?.last == 1
    }

    private static var cards: [String] {
        let interfaces = (try? NetworkInterface.all()) ?? []
        return interfaces.compactMap { interface in
            guard let address = interface.macAddress else { return nil }
            let driver = link("/sys/class/net/\(interface.name)/device/driver")
            return """
                {"name":\(quoted(interface.name)),"macAddress":"\(address)","driver":\(quoted(driver))}
                """
        }
    }

    /// The last component of a link's target.
    private static func link(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 512)
        let count = unsafe buffer.withUnsafeMutableBytes { bytes -> Int in
            guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else { return -1 }
            return unsafe readlink(path, start, bytes.count)
        }
        guard count > 0 else { return "" }
        return String(decoding: buffer[..<count], as: UTF8.self).split(separator: "/").last.map(String.init)
            ?? ""
    }

    private static func text(_ path: String) -> String {
        trimmed(String(decoding: (try? WholeFile.read(path)) ?? [], as: UTF8.self))
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let words = text.drop { $0.isWhitespace }
        return String(words.reversed().drop { $0.isWhitespace }.reversed())
    }

    /// A JSON string (RFC 8259 §7).
    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case _ where scalar.value < 0x20: " "
            default: String(scalar)
            }
        }
        return "\"\(escaped.joined())\""
    }
}
