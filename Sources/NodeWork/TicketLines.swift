package import Wire

/// A ticket as lines that a shell may evaluate: `ROOST_SERVER='10.77.0.11'`. What opens the session is not among them.
///
/// Nothing of it is trusted to be what it should be: a value that is not stops the log-in.
package struct TicketLines: Sendable {
    package let text: String

    package init(_ ticket: SessionTicket) throws(UsageError) {
        let words: [(String, String, (UInt8) -> Bool)] = [
            ("TICKET", ticket.id, Self.isWord), ("KIND", ticket.kind, Self.isWord),
            ("SERVER", ticket.address, Self.isAddress),
            ("CERTIFICATE", ticket.certificate, Self.isDigit), ("BROKER", ticket.broker, Self.isPrintable),
        ]
        var lines: [String] = []
        for (name, value, isAllowed) in words {
            guard value.utf8.count <= 512, value.utf8.allSatisfy(isAllowed), value.first != "-" else {
                throw UsageError(text: "the server's answer has a \(name.lowercased()) that none can be")
            }
            lines.append(Self.line(name, value))
        }
        guard TypedName(ticket.user) != nil else {
            throw UsageError(text: "the server's answer has a user that none can be")
        }
        lines.append(Self.line("USER", ticket.user))
        lines.append(Self.line("PORT", String(ticket.port)))
        lines.append(Self.line("LIFETIME", String(ticket.lifetime)))
        lines.append(Self.line("RECONNECTS", ticket.isReconnection ? "yes" : ""))
        lines.append(Self.line("PASSWORD", ticket.credential.isEmpty ? "own" : "ticket"))
        for (index, key) in ticket.hostKeys.prefix(8).enumerated() {
            guard key.utf8.count <= 2_048, key.utf8.allSatisfy(Self.isPrintable) else {
                throw UsageError(text: "the server's answer has a host key that none can be")
            }
            lines.append(Self.line("HOST_KEY_\(index + 1)", key))
        }
        text = lines.map { "\($0)\n" }.joined()
    }

    private static func line(_ name: String, _ value: String) -> String {
        // By scalars: an accent behind an apostrophe would hide it.
        "ROOST_\(name)='"
            + value.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
    }

    private static func isWord(_ byte: UInt8) -> Bool { isAddress(byte) || byte == UInt8(ascii: "_") }
    /// Also of a name, and of IPv6.
    private static func isAddress(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            || ".:-".utf8.contains(byte)
    }
    private static func isDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }
    private static func isPrintable(_ byte: UInt8) -> Bool { (0x20...0x7E).contains(byte) }
}
