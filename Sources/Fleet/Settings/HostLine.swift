package import Wire

/// A line for `/etc/hosts`: an address and its names.
package struct HostLine: SettingEntry {
    /// As typed; an old one may be an invalid address.
    package let key: String
    /// A name and its aliases.
    package let text: String

    package init(reading key: String, _ text: String) { (self.key, self.text) = (key, text) }

    package var problem: Sentence? {
        let isLine = key.isOneWord && !text.unicodeScalars.contains(where: PlainText.isControl)
        return isLine ? nil : "‘\(key)=\(text)’ is not ADDRESS=NAME [ALIAS …] in one line"
    }

    package var flaw: Sentence? {
        guard IPAddress(key) != nil else {
            return "‘\(key)’ is not an address: a line is ADDRESS=NAME [ALIAS …], such as 10.0.0.5=printer"
        }
        let names = text.split(whereSeparator: \.isWhitespace).map(String.init).prefix { !$0.hasPrefix("#") }
        if let name = names.first(where: { !DomainWord.isDomain($0) }) {
            return "‘\(name)’ is not the name of a host: letters, digits, dots and hyphens"
        }
        return names.isEmpty ? "\(key) has no name: a line is ADDRESS=NAME [ALIAS …]" : nil
    }
}

/// What unknown machines get in one network.
package struct NetworkEnrolment: SettingEntry {
    package let network: IPv4Network
    package let enrolment: Enrolment

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard let network = IPv4Network(key), let enrolment = Enrolment(rawValue: text) else {
            throw InvalidSetting("‘\(key)=\(text)’ is not NETWORK=open, quarantine or refuse")
        }
        (self.network, self.enrolment) = (network, enrolment)
    }

    package var key: String { network.description }
    package var text: String { enrolment.rawValue }
}
