import API
import Fleet
import Foundation
import Hummingbird

/// Images, their versions and channels.
struct ImageRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.get("images", .fetch) { request, _, caller in
            let snapshot = try await snapshot(request)
            let all = try await snapshot.images.values.sorted { $0.name < $1.name }.asyncFlatMap {
                try await answers($0)
            }
            // People and nodes are nothing to who only fetches versions.
            return try JSONAnswer(
                caller.grants.allowSomewhere(.read) ? all : all.map(\.withoutPeopleAndNodes))
        }
        api.get("images/:name", .read) { request, context, _ in
            let image = try image(context, in: await snapshot(request))
            return try await JSONAnswer(answers(image))
        }
        api.post("images/:name/versions", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let name = try ImageName(context.parameter("name"))
            let published = try await request.decoded(PublishRequest.self)
            let version = try await services.shelf.take(
                name, published.digest, signatures: published.signatures ?? [], by: caller.name)
            return try await JSONAnswer(answerWithWarnings(version), status: .created)
        }
        api.put("images/:name/channels/:channel", .publish) { request, context, caller in
            let wanted = try await request.decoded(PromoteRequest.self)
            let image = try image(context, in: services.fleet.snapshot)
            let channel = try channel(context)
            let version = try await promote(wanted.version, of: image, to: channel, by: wanted.move, caller)
            return try await JSONAnswer(answerWithWarnings(version, movedBy: channel))
        }
        api.post("images/:name/channels/:channel/rollback", .publish) { _, context, caller in
            let image = try image(context, in: services.fleet.snapshot)
            let channel = try channel(context)
            let version = try await rollBack(channel, of: image, caller)
            return try await JSONAnswer(answerWithWarnings(version, movedBy: channel))
        }
        api.delete("images/:name/versions/:version", .publish) { _, context, caller in
            let image = try image(context, in: services.fleet.snapshot)
            try await remove(version(context.parameter("version"), of: image), caller)
            return HTTPResponse.Status.noContent
        }
    }

    private func snapshot(_ request: Request) async throws -> FleetSnapshot {
        guard let second = try TimeTravel.second(of: request) else { return services.fleet.snapshot }
        return try await services.fleet.store.snapshot(at: second)
    }

    // MARK: Acts

    /// Points a channel at a version: `3`, or the beginning of a digest.
    ///
    /// - Parameter move: the publisher's word for it, for servers that follow the channel.
    @discardableResult
    func promote(
        _ wanted: String, of image: ImageCatalogue, to channel: ChannelName, by move: ChannelMove? = nil,
        _ caller: Caller
    ) async throws -> ImageVersion {
        try caller.require(.publish, in: .site)
        let version = try version(wanted, of: image)
        let trust = services.fleet.trust
        try await services.fleet.change(by: caller.name) { snapshot in
            let edit = FleetEdit.channel(image.name, channel, version.number)
            guard let move else { return [edit] }
            try trust.check(
                move, moving: channel, of: snapshot.images[image.name] ?? image, to: version)
            return [edit, .move(image.name, move)]
        }
        return version
    }

    @discardableResult
    func rollBack(_ channel: ChannelName, of image: ImageCatalogue, _ caller: Caller) async throws
        -> ImageVersion
    {
        try caller.require(.publish, in: .site)
        let snapshot = try await services.fleet.change(by: caller.name) {
            [try $0.rollingBack(channel, of: image.name)]
        }
        return try version(channel.text, of: snapshot.images[image.name] ?? image)
    }

    func remove(_ version: ImageVersion, _ caller: Caller) async throws {
        try caller.require(.publish, in: .site)
        try await services.shelf.remove(version, by: caller.name)
    }

    // MARK: Finding

    func image(_ context: CenterContext, in snapshot: FleetSnapshot) throws -> ImageCatalogue {
        let name = try ImageName(context.parameter("name"))
        guard let image = snapshot.images[name] else {
            throw StoreError.notFound("there is no image ‘\(name)’ (roost image list shows all)")
        }
        return image
    }

    func channel(_ context: CenterContext) throws -> ChannelName {
        let text = try context.parameter("channel")
        guard let channel = ChannelName(text) else {
            throw Problem(
                422, "Invalid name",
                "‘\(text)’ is not a channel name: a lower-case letter, then letters, digits and hyphens")
        }
        return channel
    }

    func version(_ text: String, of image: ImageCatalogue) throws -> ImageVersion {
        guard let reference = ImageReference("\(image.name)@\(text)"),
            let version = image.version(reference.selector)
        else {
            throw StoreError.notFound("there is no version \(image.name)@\(text)")
        }
        return version
    }

    func answers(_ image: ImageCatalogue) async throws -> [VersionAnswer] {
        let open = await services.openVersions()
        return image.versions.map { version in
            VersionAnswer(
                image: version.image, number: version.number, digest: version.digest,
                publishedAt: version.publishedAt, publishedBy: version.publishedBy,
                channels: image.channels.filter { $0.value == version.number }.map(\.key).sorted {
                    $0.text < $1.text
                },
                openConnections: open[version.digest] ?? 0, manifest: version.manifest,
                tags: image.tags(of: version.number), signatures: version.signatures,
                isTrusted: version.isTrusted,
                moves: image.moves.values.filter {
                    image.channels[$0.channel] == version.number && $0.digest == version.digest
                }.sorted { $0.channel.text < $1.channel.text })
        }
    }

    private func answerWithWarnings(_ version: ImageVersion, movedBy channel: ChannelName? = nil) async throws
        -> VersionAnswer
    {
        var answer = try await answer(version)
        var warnings = ImageFit(services.fleet.snapshot).warning(for: version).map { [$0] } ?? []
        if let channel, services.fleet.snapshot.images[version.image]?.moves[channel] != nil,
            answer.moves?.contains(where: { $0.channel == channel }) != true
        {
            warnings.append(
                "earlier moves of \(channel) were signed: servers that follow it by image-keys stay where they are until this one is, too (roost image promote \(version.image)@\(version.number) --to \(channel) --sign FILE)"
            )
        }
        answer.warnings = warnings.isEmpty ? nil : warnings
        return answer
    }

    func answer(_ version: ImageVersion) async throws -> VersionAnswer {
        let image = services.fleet.snapshot.images[version.image]
        guard let image, let answer = try await answers(image).first(where: { $0.number == version.number })
        else {
            throw StoreError.notFound("there is no version \(version.image)@\(version.number)")
        }
        return answer
    }
}

extension Sequence {
    /// The results for each element, one after the other.
    fileprivate func asyncFlatMap<T>(_ transform: (Element) async throws -> [T]) async rethrows -> [T] {
        var all: [T] = []
        for element in self { all += try await transform(element) }
        return all
    }
}

extension VersionAnswer {
    /// The same, without who published it and how many nodes have it.
    fileprivate var withoutPeopleAndNodes: Self {
        var answer = self
        (answer.publishedBy, answer.openConnections) = ("", 0)
        return answer
    }
}
