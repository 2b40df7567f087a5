import API
import Fleet
import Logging
import NetworkErrors

/// The image store as the control center uses it: versions arrive complete and trusted, and are removed when not in use.
struct ImageShelf: Sendable {
    let fleet: LiveFleet
    let files: any ImageFiles
    let open: any OpenFiles
    let logger: Logger

    /// The damage in a version's files, one line each; reads all of them.
    func verify(_ image: ImageName, _ digest: Digest) async throws -> [String] {
        try await files.verify(image, digest)
    }

    /// The differences between the roots of two versions; reads both.
    func compare(_ before: ImageVersion, _ after: ImageVersion) async throws -> [ImageDifference.Change] {
        try await files.changes(from: before, to: after)
    }

    /// Adds a version whose files are present, and removes versions beyond the image's `keep`.
    func take(
        _ image: ImageName, _ digest: Digest, signatures: [ImageSignature], by who: String
    ) async throws -> ImageVersion {
        let manifest: ImageManifest
        do {
            manifest = try files.manifest(of: image, digest)
            // A signature is worth only as much as the files it covers.
            if fleet.trust.isRequired, let damage = try await verify(image, digest).first {
                throw StoreError.conflict(Sentence(phrase: damage))
            }
        } catch {
            throw Problem(422, "Unusable version", Sentence(said: error))
        }
        let version = try await fleet.publish(manifest, digest: digest, signatures: signatures, by: who)
        if let catalogue = fleet.snapshot.images[image], let keep = catalogue.keep {
            do {
                for removed in try await prune(catalogue, keep: keep, by: who).removable {
                    logger.info(
                        "\(image)@\(removed.number) was removed: \(image) keeps its \(keep) newest versions")
                }
            } catch {
                // The new version is stored anyway; the old ones go when the next one comes.
                logger.warning("cannot remove old versions of \(image): \(ErrorText.of(error))")
            }
        }
        return version
    }

    /// - Parameter isPlan: nothing is removed.
    @discardableResult
    func prune(_ image: ImageCatalogue, keep: Int, by who: String, isPlan: Bool = false) async throws
        -> ImageRetention
    {
        let retention = ImageRetention(
            of: image, in: fleet.snapshot, keep: keep, open: await open.openVersions())
        if !isPlan { for version in retention.removable { try await remove(version, by: who) } }
        return retention
    }

    func remove(_ version: ImageVersion, by who: String) async throws {
        // Asked again by the store, together with the removal.
        try fleet.snapshot.requireRemovable(version)
        if let count = await open.mountedVersions()[version.digest] {
            throw StoreError.conflict(
                "\(version.image)@\(version.number) is read over NFS (nodes: \(count)); remove it when they are off"
            )
        }
        try await fleet.store.remove(version, by: who)
        try await fleet.reload()
        try files.remove(version.image, version.digest)
    }
}
