/// A random password, made anew for each node and boot: it is delivered, and kept nowhere.
package struct MintedPassword: Equatable, Sendable, Codable {
    /// Characters of it.
    package var length: Int
    /// The characters to choose from.
    package var alphabet: String

    package static let usualLength = 32
    /// Without those that are mistaken for each other.
    package static let usualAlphabet = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    package static let lengthLimits = 8...256

    package init(length: Int = Self.usualLength, alphabet: String = Self.usualAlphabet) {
        self.length = length
        self.alphabet = alphabet
    }

    func requireUsable() throws(InvalidSetting) {
        guard Self.lengthLimits.contains(length) else {
            throw InvalidSetting(
                "a minted password has \(Self.lengthLimits.lowerBound) to \(Self.lengthLimits.upperBound) characters"
            )
        }
        let bytes = Array(alphabet.utf8)
        guard bytes.count >= 10, Set(bytes).count == bytes.count,
            bytes.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw InvalidSetting(
                "the alphabet of a minted password has 10 or more different characters of ASCII, without blanks"
            )
        }
    }

    /// - Parameter generator: unpredictable, such as the system's.
    package func mint(using generator: inout some RandomNumberGenerator) -> [UInt8] {
        let bytes = Array(alphabet.utf8)
        return (0..<length).compactMap { _ in bytes.randomElement(using: &generator) }
    }
}
