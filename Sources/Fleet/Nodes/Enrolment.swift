package import Wire

/// What a machine gets that nobody has enrolled.
package enum Enrolment: String, Sendable, CaseIterable, Codable {
    /// It boots the site's image.
    case open
    /// It waits on a screen that says who it is, until somebody approves it.
    case quarantine
    /// It gets an address and nothing to boot.
    case refuse
}

extension FleetSnapshot {
    /// What unknown machines get in the network that `address` is in; the narrowest network that contains it counts.
    package func enrolment(at address: IPv4Address) -> Enrolment {
        enrolmentRules.first { $0.network.contains(address) }?.enrolment ?? .open
    }

    /// The rules of the site's settings, the narrowest network first; the last is for everybody.
    static func enrolmentRules(of site: EffectiveSettings) -> [(network: IPv4Network, enrolment: Enrolment)] {
        var texts = site.map(.enrolmentByNetwork)
        texts["0.0.0.0/0"] = texts["0.0.0.0/0"] ?? site.text(.enrolment)
        let rules = texts.compactMap { key, value -> (network: IPv4Network, enrolment: Enrolment)? in
            guard let network = IPv4Network(key), let enrolment = Enrolment(rawValue: value) else {
                return nil
            }
            return (network, enrolment)
        }
        return rules.sorted { $0.network.prefixLength > $1.network.prefixLength }
    }

    /// A code of four letters and digits that is on the waiting machine's screen and beside it in the list, so that nobody
    /// approves the machine next to it. It is no secret.
    package static func screenCode(of machine: MACAddress) -> String {
        let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        // FNV-1a (Fowler, Noll, Vo): neighbouring addresses get codes that look nothing alike.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in machine.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash ^= hash >> 32
        return String((0..<4).map { alphabet[Int(truncatingIfNeeded: hash >> (5 * UInt64($0))) & 31] })
    }
}
