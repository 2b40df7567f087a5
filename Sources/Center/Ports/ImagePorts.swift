package import Fleet

/// The files of versions.
package protocol ImageFiles: Sendable {
    /// A version's manifest, verified.
    func manifest(of image: ImageName, _ digest: Digest) throws -> ImageManifest
    /// The damage in a version's files, one line each; reads all of them.
    func verify(_ image: ImageName, _ digest: Digest) async throws -> [String]
    /// The differences between the roots of two versions; reads both.
    func changes(from before: ImageVersion, to after: ImageVersion) async throws -> [ImageDifference.Change]
    /// Deletes a version's files.
    func remove(_ image: ImageName, _ digest: Digest) throws
    /// The path of a version's file.
    func path(of version: ImageVersion, _ file: String) -> String
}

/// Files of versions being copied from another server.
package protocol PulledFiles: Sendable {
    /// The directory that a version's files are copied into.
    func directory(for image: ImageName, _ digest: Digest) throws -> String
    /// Deletes partial copies of all other versions.
    func discard(except wanted: Set<Digest>) throws
    /// Verifies a copy and moves it into place; may take long.
    func adopt(_ image: ImageName, _ digest: Digest) throws
}
