import API
import Fleet
import HTTPClient
import Hummingbird

/// Comparing, checking and clearing away versions of an image.
struct VersionRoutes {
    /// Versions that stay when nothing else is said.
    static let standardKeep = 3

    let services: CenterServices

    func add(to api: Routes) {
        api.get("images/:name/difference", .read) { request, context, _ in
            let image = try ImageRoutes(services: services).image(context, in: services.fleet.snapshot)
            return try await JSONAnswer(difference(of: image, request))
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
        api.put("images/:name/keep", .publish) { request, context, caller in
            let wish = try await request.decoded(KeepRequest.self)
            let image = try ImageRoutes(services: services).image(context, in: services.fleet.snapshot)
            try await keep(wish.keep, of: image, caller)
            return try JSONAnswer(wish)
        }
        api.put("images/:name/tags/:tag", .publish) { request, context, caller in
            let wanted = try await request.decoded(PromoteRequest.self).version
            let routes = ImageRoutes(services: services)
            let image = try routes.image(context, in: services.fleet.snapshot)
            let version = try await tag(wanted, of: image, as: Self.tag(context), caller)
            return try await JSONAnswer(routes.answer(version))
        }
        api.delete("images/:name/tags/:tag", .publish) { _, context, caller in
            let image = try ImageRoutes(services: services).image(context, in: services.fleet.snapshot)
            try await removeTag(Self.tag(context), of: image, caller)
            return HTTPResponse.Status.noContent
        }
        api.post("images/:name/versions/:version/signatures", .publish) { request, context, caller in
            let signature = try await request.decoded(ImageSignature.self)
            let routes = ImageRoutes(services: services)
            let image = try routes.image(context, in: services.fleet.snapshot)
            let version = try routes.version(context.parameter("version"), of: image)
            try caller.require(.publish, in: .site)
            _ = try await services.fleet.publish(
                version.manifest, digest: version.digest, signatures: [signature], by: caller.name)
            return try await JSONAnswer(routes.answer(version))
        }
    }

    static func tag(_ context: CenterContext) throws -> ChannelName {
        let text = try context.parameter("tag")
        guard let tag = ChannelName(text) else {
            throw Problem(
                422, "Invalid name",
                "‘\(text)’ is not a tag: a lower-case letter, then up to 31 letters, digits, hyphens and dots"
            )
        }
        return tag
    }

    // MARK: Acts

    func keep(_ number: Int?, of image: ImageCatalogue, _ caller: Caller) async throws {
        try caller.require(.publish, in: .site)
        guard number.map((1...1_000).contains) != false else {
            throw Problem(422, "Invalid number", "keep: 1 to 1000 versions")
        }
        try await services.fleet.change(by: caller.name) { _ in [.keep(image.name, number)] }
    }

    @discardableResult
    func tag(_ wanted: String, of image: ImageCatalogue, as tag: ChannelName, _ caller: Caller) async throws
        -> ImageVersion
    {
        try caller.require(.publish, in: .site)
        let version = try ImageRoutes(services: services).version(wanted, of: image)
        try await services.fleet.change(by: caller.name) { _ in [.tag(image.name, tag, version.number)] }
        return version
    }

    func removeTag(_ tag: ChannelName, of image: ImageCatalogue, _ caller: Caller) async throws {
        try caller.require(.publish, in: .site)
        try await services.fleet.change(by: caller.name) { _ in [.tag(image.name, tag, nil)] }
    }

    /// By the query's `from` (a number, digest or channel; none: the version before the other), `to` (none: the newest) and
    /// `contents` (`yes`: what is in the roots, too).
    func difference(of image: ImageCatalogue, _ request: Request) async throws -> ImageDifference {
        let (from, to) = (request.query("from"), request.query("to"))
        let wantsContents = try request.wants("contents")
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
        var difference = ImageDifference(from: before, to: after)
        guard wantsContents else { return difference }
        do { difference.contents = try await services.shelf.compare(before, after) } catch {
            throw Problem(
                422, "Unreadable root",
                "the roots of \(image.name)@\(before.number) and @\(after.number) cannot be compared: \(ErrorText.of(error))"
            )
        }
        return difference
    }

    /// Reads all files of a version and compares them with its manifest.
    func verify(_ version: ImageVersion) async throws -> VerificationAnswer {
        let damage = try await services.shelf.verify(version.image, version.digest)
        return VerificationAnswer(
            image: version.image, number: version.number, isGood: damage.isEmpty, damage: damage)
    }

    func prune(_ image: ImageCatalogue, _ wish: PruneRequest, _ caller: Caller) async throws -> PruneAnswer {
        let keep = wish.keep ?? image.keep ?? Self.standardKeep
        guard (0...1_000).contains(keep) else {
            throw Problem(422, "Invalid number", "keep: 0 to 1000 versions")
        }
        try caller.require(.publish, in: .site)
        let retention = try await services.shelf.prune(
            image, keep: keep, by: caller.name, isPlan: wish.isPlan == true)
        return PruneAnswer(
            removed: retention.removable.map(\.number),
            kept: retention.holds.sorted { $0.key < $1.key }.map {
                PruneAnswer.Kept(number: $0.key, because: $0.value.description)
            })
    }
}
