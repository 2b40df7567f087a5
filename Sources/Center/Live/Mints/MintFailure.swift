/// Why something was not minted or removed, for people. No secret is in it.
struct MintFailure: Error, Equatable, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
