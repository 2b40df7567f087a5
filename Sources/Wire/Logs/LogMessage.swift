/// One message of a node: syslog over UDP (RFC 5426, in the form of RFC 5424 or RFC 3164) or the kernel's netconsole
/// (Documentation/networking/netconsole.rst).
package struct LogMessage: Equatable, Sendable {
    /// RFC 5424 §6.2.1: 0 is an emergency, 7 is for debugging.
    package enum Severity: UInt8, Sendable, Codable {
        case emergency, alert, critical, error, warning, notice, informational, debug
    }

    /// The most bytes that are kept of a message.
    package static let byteLimit = 1_024

    package var severity: Severity
    /// One line, printable, without its priority and time.
    @MachineText package var text: String

    package init(severity: Severity, text: String) {
        self.severity = severity
        self.text = text
    }

    /// Reads anything that a node sends: a message in no known form is a line of text.
    package init(parsing wire: Span<UInt8>) {
        var text = Self.line(wire)[...]
        severity = .informational
        if let priority = Self.priority(&text) {
            severity = priority
            Self.dropHeader(&text)
        } else if let level = Self.extendedHeader(&text) {
            severity = level
        }
        self.text = String(text.drop { $0 == " " })
    }

    private static func line(_ wire: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        for index in 0..<min(wire.count, byteLimit) {
            let byte = wire[index]
            bytes.append(byte >= 0x20 && byte != 0x7F ? byte : 0x20)
        }
        while bytes.last == 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `<13>`.
    private static func priority(_ text: inout Substring) -> Severity? {
        guard text.first == "<", let close = text.prefix(5).firstIndex(of: ">"),
            let number = UInt8(text[text.index(after: text.startIndex)..<close]), number <= 191
        else { return nil }
        text = text[text.index(after: close)...]
        return Severity(rawValue: number & 7)
    }

    /// RFC 5424: version, time, host name, then the program. RFC 3164: `Oct 11 22:14:15 host`; busybox and glibc leave the host name out.
    private static func dropHeader(_ text: inout Substring) {
        let words = text.split(separator: " ", maxSplits: 7, omittingEmptySubsequences: true)
        if words.first == "1", words.count >= 7 {
            // APP-NAME and PROCID name the program; MSGID and absent structured data add nothing.
            let process = words[4] == "-" ? "" : "[\(words[4])]"
            var rest = words.count > 7 ? words[6...].joined(separator: " ")[...] : words[6]
            if rest.hasPrefix("- ") { rest = rest.dropFirst(2) }
            if rest.hasPrefix("\u{FEFF}") { rest = rest.dropFirst() }
            text = "\(words[3])\(process): \(rest)"[...]
        } else if words.count > 4, months.contains(words[0]), words[2].contains(":") {
            text = words[(words[3].hasSuffix(":") ? 3 : 4)...].joined(separator: " ")[...]
        }
    }

    private static let months: Set<Substring> = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Extended netconsole: `6,416,1758426,-,caller=T1;text`.
    private static func extendedHeader(_ text: inout Substring) -> Severity? {
        guard let semicolon = text.prefix(120).firstIndex(of: ";") else { return nil }
        let fields = text[..<semicolon].split(separator: ",")
        guard fields.count >= 4, let level = UInt16(fields[0]), UInt64(fields[1]) != nil,
            UInt64(fields[2]) != nil
        else { return nil }
        text = text[text.index(after: semicolon)...]
        return Severity(rawValue: UInt8(level & 7))
    }

    /// Whether this is the kernel's report that it is dying.
    package var isCrash: Bool {
        let marks = [
            "Kernel panic - not syncing", "Oops:", "BUG: ", "general protection fault",
            "Unable to handle kernel",
        ]
        return marks.contains { text.contains($0) }
    }
}
