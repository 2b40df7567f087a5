package import Wire

/// What an unknown machine gets.
package enum Enrolment: String, Sendable, CaseIterable, Codable {
    /// It boots the site's image.
    case open
    /// It waits on a screen with its identity until it is approved.
    case quarantine
    /// It gets an address, but nothing to boot.
    case refuse
}

/// What unknown machines get, by their network.
struct EnrolmentRules: Sendable {
    /// The narrowest network first.
    private let networks: [NetworkEnrolment]
    /// For all other networks.
    private let rest: Enrolment

    /// If the settings are unreadable, unknown machines are refused.
    init(of site: EffectiveSettings) {
        do throws(UnreadableSetting) {
            let (rules, rest) = (
                try site.value(of: Settings.enrolmentByNetwork), try site.value(of: Settings.enrolment)
            )
            networks = rules.sorted { $0.network.prefixLength > $1.network.prefixLength }
            self.rest = rest
        } catch { (networks, rest) = ([], .refuse) }
    }

    func enrolment(at address: IPv4Address) -> Enrolment {
        networks.first { $0.network.contains(address) }?.enrolment ?? rest
    }
}

extension FleetSnapshot {
    /// What unknown machines get in the network of `address`; the narrowest network that contains it counts.
    package func enrolment(at address: IPv4Address) -> Enrolment { enrolmentRules.enrolment(at: address) }

    /// A code of four letters and digits, on the waiting machine's screen and beside it in the list, so that the right machine gets
    /// approved. It is not a secret.
    package static func screenCode(of machine: MACAddress) -> String {
        let alphabet = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789")
        // FNV-1a (Fowler, Noll, Vo): neighbouring addresses get very different codes.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in machine.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        hash ^= hash >> 32
        return String((0..<4).map { alphabet[Int(truncatingIfNeeded: hash >> (5 * UInt64($0))) & 31] })
    }
}
