import API
import Fleet
import NetworkErrors

extension ImageReplication {
    /// Takes what the source sets for a version and its image, and follows it until a person sets something else here.
    ///
    /// With `image-keys` it takes nothing: settings have commands, and no signature.
    func takeSettings(of version: VersionAnswer, _ source: ReplicationSource) async throws {
        guard !fleet.trust.isRequired else { return }
        do {
            let edits = try Self.edits(taking: version, from: source.url, in: fleet.snapshot)
            guard !edits.isEmpty else { return }
            _ = try await fleet.change(by: "copy from \(source.url)") { current in
                try Self.edits(taking: version, from: source.url, in: current)
            }
        } catch {
            throw StoreError.conflict(
                "the settings of \(version.image)@\(version.number) are not taken: \(ErrorText.of(error))")
        }
    }

    /// - Parameter source: the other server's address.
    static func edits(
        taking version: VersionAnswer, from source: String, in snapshot: FleetSnapshot
    ) throws -> [FleetEdit] {
        guard let here = snapshot.version(version.digest) else { return [] }
        let offers = [
            (ImageScope(here.image), version.imageSettings),
            (ImageScope(here.image, version: here.number), version.settings),
        ]
        return offers.compactMap { scope, offer in
            let present = ImageSettings.record(at: scope, in: snapshot.contents)
            // What was set here stays, and another source's.
            guard present.map({ $0.source == source }) ?? (offer != nil) else { return nil }
            guard present?.settings != offer else { return nil }
            let record = offer.map {
                ImageSettings(scope.image, version: scope.version, $0, source: source)
            }
            return .imageSettings(scope, record)
        }
    }
}
