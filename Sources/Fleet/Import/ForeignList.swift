import Wire

/// A file of another program that people have in place of a list of nodes.
enum ForeignList {
    private static let columns = "name,mac,address"

    /// What a text is, and what to do instead; nil for what may be a list.
    static func problem(_ text: String) -> String? {
        var lines: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) where lines.count < lineLimit {
            let text = trimmed(line)
            if !text.isEmpty, !["#", ";", "//"].contains(where: { text.hasPrefix($0) }) {
                lines.append(line)
            }
        }
        guard let first = lines.first.map(trimmed), !hasTitles(first) else { return nil }
        if let name = json(first, text) { return advice("this is \(name)") }
        if first.hasPrefix("---") { return advice("this is YAML") }
        if first.hasPrefix("["), first.hasSuffix("]"), lines.contains(where: { $0.contains("=") }) {
            return
                "this is a file with sections: roost import lts-conf takes over an lts.conf, roost import ltsp-conf an ltsp.conf"
        }
        for line in lines {
            if let name = format(of: line.split { $0.isWhitespace }) { return advice("this is \(name)") }
        }
        return table(Array(lines.prefix(2)))
    }

    private static func hasTitles(_ line: Substring) -> Bool {
        let cells = line.split { isSeparator($0) || $0 == "\t" }
        return cells.count > 1 && cells.contains { NodeColumn(head: String($0)) != nil }
    }

    private static func trimmed(_ line: Substring) -> Substring {
        var line = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        while line.last?.isWhitespace == true { line.removeLast() }
        return line
    }

    private static let lineLimit = 200

    private static func advice(_ what: String) -> String {
        "\(what), which is not read here: save its machines as CSV, with a first row of titles such as \(columns), and a row for each "
            + "machine"
    }

    private static func json(_ first: Substring, _ text: String) -> String? {
        let second = first.dropFirst().first { !$0.isWhitespace }
        guard first.hasPrefix("{") || first.hasPrefix("[") && (second.map { "{[\"]".contains($0) } ?? true)
        else {
            return nil
        }
        return ["\"Dhcp4\"", "\"hw-address\""].contains(where: text.contains)
            ? "a configuration of Kea (JSON)" : "JSON"
    }

    /// By the statements of dhcpd.conf(5) and dhcpd.leases(5), dnsmasq(8), and UCI's `config host`.
    private static func format(of words: [Substring]) -> String? {
        guard let first = words.first, words.count > 1 || first.contains("=") else { return nil }
        switch (first, words.count > 1 ? words[1] : "") {
        case ("lease", _) where words.last == "{":
            return "a list of leases of ISC's DHCP server (dhcpd.leases)"
        case ("host", _) where words.contains("{"), ("hardware", "ethernet"), ("fixed-address", _),
            ("subnet", _) where words.contains("netmask"), ("option", "domain-name-servers"):
            return "a configuration of ISC's DHCP server (dhcpd.conf)"
        case ("config", "host"), ("config", "dhcp"), ("config", "dnsmasq"):
            return "a configuration of OpenWrt (/etc/config/dhcp)"
        default:
            let option = first.drop { $0 == "-" }
            return ["dhcp-host=", "dhcp-range=", "dhcp-option=", "dhcp-boot="].contains {
                option.hasPrefix($0)
            }
                ? "a configuration of dnsmasq" : nil
        }
    }

    /// Tables without titles that begin with an address: ethers(5), hosts(5), dnsmasq's own files, and what other programs print.
    private static func table(_ lines: [Substring]) -> String? {
        guard let line = lines.first else { return nil }
        let words = line.split { $0.isWhitespace }
        guard words.count > 1, !line.contains(where: isSeparator), line.first?.isWhitespace == false else {
            return nil
        }
        if MACAddress(String(words[0])) != nil { return advice("this is a list as in /etc/ethers") }
        if IPAddress(words[0]) != nil {
            return
                "\(advice("this is a list as in /etc/hosts")); hosts files name no hardware addresses: add them"
        }
        let isTable = lines.contains { line in
            let words = line.split { $0.isWhitespace }
            return words.count > 1 && !line.contains { isSeparator($0) || $0 == "\t" }
                && words.contains { MACAddress(String($0)) != nil }
        }
        return isTable ? advice("the columns of this list are separated by blanks") : nil
    }

    private static func isSeparator(_ character: Character) -> Bool { ",;|".contains(character) }
}
