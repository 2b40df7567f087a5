import Wire

/// A search of reservations by words, of which each fits: a part of the machine or the address, or a network that the address is in.
package struct ReservationSearch: Sendable {
    private enum Word {
        case network(IPv4Network)
        case machine(DHCPReservation.Identity)
        case part(String)
    }

    private let words: [Word]

    /// - Parameter text: words between spaces; empty: all reservations fit.
    package init(_ text: String) throws(InvalidSetting) {
        words = try SearchWords(text).words.map { word in
            if let network = IPv4Network(word) { return .network(network) }
            // However it is written: 52-54-00-12-34-56.
            return DHCPReservation.Identity(word).map { .machine($0) } ?? .part(word)
        }
    }

    package func fits(_ reservation: DHCPReservation) -> Bool {
        words.allSatisfy { word in
            switch word {
            case .network(let network): network.contains(reservation.address)
            case .machine(let machine): reservation.identity == machine
            case .part(let part):
                reservation.identity.description.contains(part)
                    || reservation.address.description.contains(part)
            }
        }
    }
}
