package import Fleet
package import Wire

/// A file that people have put on the server for nodes, without its content.
package struct StoredFileAnswer: Codable, Sendable {
    package var name: StoredFileName
    /// SHA-256 of the content.
    package var digest: Digest
    package var byteCount: Int
    /// Seconds since 1970, when the content was put there.
    @SecondTimestamp package var changedAt: Int
    /// The records whose setting `files` names it, as far as the caller sees them: `group /school`.
    package var uses: [Sentence]

    package init(_ file: StoredFile, uses: [Sentence]) {
        (name, digest, byteCount) = (file.name, file.digest, file.byteCount)
        changedAt = file.changedAt
        self.uses = uses
    }
}
