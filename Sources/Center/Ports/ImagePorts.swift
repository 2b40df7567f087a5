package import Fleet

/// The files of versions.
package protocol ImageFiles: Sendable {
    /// The manifest of a version, checked.
    func manifest(of image: ImageName, _ digest: Digest) throws -> ImageManifest
    /// What is wrong with a version's files, all of which it reads: a line each.
    func verify(_ image: ImageName, _ digest: Digest) async throws -> [String]
    /// What differs in the roots of two versions, both of which it reads.
    func changes(from before: ImageVersion, to after: ImageVersion) async throws -> [ImageDifference.Change]
    /// Deletes a version's files.
    func remove(_ image: ImageName, _ digest: Digest) throws
    /// Where a file of a version lies.
    func path(of version: ImageVersion, _ file: String) -> String
}

/// Files of versions on their way from another server.
package protocol PulledFiles: Sendable {
    /// Where a version's files come into.
    func directory(for image: ImageName, _ digest: Digest) throws -> String
    /// Deletes what has come of other versions than these.
    func discard(except wanted: Set<Digest>) throws
    /// Checks what came and puts it in its place; may take long.
    func adopt(_ image: ImageName, _ digest: Digest) throws
}
