/// Why a text in JSON cannot be read, as a sentence for people. Decoding errors of these modules carry it, which tells them from those of
/// Foundation and Swift.
package struct UnreadableText: Error, Equatable, CustomStringConvertible {
    package var description: String
}

extension DecodingError {
    /// - Parameter sentence: what is wrong, for people.
    package static func unreadable(_ sentence: String, in container: some SingleValueDecodingContainer)
        -> Self
    {
        unreadable(sentence, at: container.codingPath)
    }

    package static func unreadable<Key: CodingKey>(
        _ sentence: String, forKey key: Key, in container: KeyedDecodingContainer<Key>
    ) -> Self {
        unreadable(sentence, at: container.codingPath + [key])
    }

    package static func unreadable(_ sentence: String, at path: [any CodingKey]) -> Self {
        .dataCorrupted(
            Context(
                codingPath: path, debugDescription: sentence,
                underlyingError: UnreadableText(description: sentence)))
    }
}
