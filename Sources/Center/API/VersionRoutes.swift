package import Fleet
import Hummingbird

/// Comparing, checking and clearing away versions of an image.
struct VersionRoutes {
    /// Versions that stay when nothing else is said.
    static let standardKeep = 3

    let services: CenterServices

    func add(to api: Routes) {
        api.get("images/:name/difference", .read) { request, context, _ in
            let image = try ImageRoutes(services: services).image(context, in: services.fleet.snapshot)
            return try JSONAnswer(difference(of: image, from: request.query("from"), to: request.query("to")))
        }
        api.post("images/:name/versions/:version/verification", .read) { _, context, _ in
            let routes = ImageRoutes(services: services)
            let image = try routes.image(context, in: services.fleet.snapshot)
            let version = try routes.version(context.parameter("version"), of: image)
            return try await JSONAnswer(verify(version))
        }
        api.post("images/:name/pruning", .publish) { request, context, caller in
            let wish = try await request.decoded(PruneRequest.self)
            let image = try ImageRoutes(services: services).image(context, in: services.fleet.snapshot)
            return try await JSONAnswer(prune(image, wish, caller))
        }
    }

    /// - Parameters:
    ///   - from: a number, digest or channel; nil: the version before the other.
    ///   - to: nil: the newest.
    func difference(of image: ImageCatalogue, from: String?, to: String?) throws -> ImageDifference {
        let routes = ImageRoutes(services: services)
        guard let newest = image.versions.last else {
            throw StoreError.notFound("\(image.name) has no version yet")
        }
        let after = try to.map { try routes.version($0, of: image) } ?? newest
        let before =
            try from.map { try routes.version($0, of: image) }
            ?? image.versions.last { $0.number < after.number }
        guard let before else {
            throw StoreError.notFound(
                "\(image.name)@\(after.number) is the first version: there is none before it")
        }
        return ImageDifference(from: before, to: after)
    }

    /// Reads all files of a version and compares them with its manifest.
    func verify(_ version: ImageVersion) async throws -> VerificationAnswer {
        let damage = try await services.verify(version.image, version.digest)
        return VerificationAnswer(
            image: version.image, number: version.number, isGood: damage.isEmpty, damage: damage)
    }

    func prune(_ image: ImageCatalogue, _ wish: PruneRequest, _ caller: Caller) async throws -> PruneAnswer {
        let keep = wish.keep ?? Self.standardKeep
        guard (0...1_000).contains(keep) else {
            throw Problem(422, "Invalid number", "keep: 0 to 1000 versions")
        }
        try caller.require(.publish, in: .site)
        let retention = ImageRetention(
            of: image, in: services.fleet.snapshot, keep: keep, open: await services.openVersions())
        if wish.isPlan != true {
            for version in retention.removable {
                try await ImageRoutes(services: services).remove(version, caller)
            }
        }
        return PruneAnswer(
            removed: retention.removable.map(\.number),
            kept: retention.holds.sorted { $0.key < $1.key }.map {
                PruneAnswer.Kept(number: $0.key, because: $0.value.description)
            })
    }
}

package struct VerificationAnswer: Codable, Sendable {
    package var image: ImageName
    package var number: Int
    package var isGood: Bool
    /// What is wrong, a line for each file.
    package var damage: [String]
}

package struct PruneRequest: Codable, Sendable {
    /// How many of the newest stay in any case; left out: 3.
    package var keep: Int?
    /// Only say what would go.
    package var isPlan: Bool?

    package init(keep: Int? = nil, isPlan: Bool? = nil) {
        self.keep = keep
        self.isPlan = isPlan
    }
}

package struct PruneAnswer: Codable, Sendable {
    package struct Kept: Codable, Sendable {
        package var number: Int
        package var because: String
    }

    package var removed: [Int]
    package var kept: [Kept]
}
