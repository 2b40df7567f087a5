import API
import Fleet

extension NetworkAnswer {
    /// A tenth of the addresses is free, or less.
    var isScarce: Bool { size > 0 && (size - leased) * 10 <= size }

    /// Nil while more are free.
    var scarcityWarning: String? {
        guard isScarce else { return nil }
        return
            "\(leased) of \(size) addresses in the pools of \(network) are leased: give this network another range (roost network set \(name?.text ?? "NAME") --pool …), or shorter leases"
    }
}
