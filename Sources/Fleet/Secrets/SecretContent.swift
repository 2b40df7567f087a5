/// What a boot gets of a secret that is armed for it.
package enum SecretContent: Equatable, Sendable {
    case value([UInt8])
    /// It is minted outside of the store, for this boot.
    case order
}

extension Secret {
    /// What a boot gets; nil: what it takes is not there.
    ///
    /// - Parameter kept: what is kept beside the record; nil: nothing, or it is sealed with another key.
    package func content(kept: [UInt8]?, using generator: inout some RandomNumberGenerator) -> SecretContent?
    {
        if case .password(let password)? = minted { return .value(password.mint(using: &generator)) }
        let needsKept =
            switch minted?.keeping {
            case nil, .made?: true
            case .given(let isRequired)?: isRequired
            case .nothing?: false
            }
        guard kept != nil || !needsKept else { return nil }
        guard let kept, minted?.isMadeInStore != false else { return .order }
        return .value(kept)
    }
}
