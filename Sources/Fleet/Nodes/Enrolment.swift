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

/// What unknown machines get, by the network that they are in.
struct EnrolmentRules: Sendable {
    /// The narrowest network first.
    private let networks: [NetworkEnrolment]
    /// Everywhere else.
    private let rest: Enrolment

    /// Where the settings cannot be read, unknown machines are refused.
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
    /// What unknown machines get in the network that `address` is in; the narrowest network that contains it counts.
    package func enrolment(at address: IPv4Address) -> Enrolment { enrolmentRules.enrolment(at: address) }

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
