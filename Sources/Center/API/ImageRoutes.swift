import Fleet
import Foundation
import Hummingbird

/// Images, their versions and channels.
struct ImageRoutes {
    let services: CenterServices

    func add(to api: RouterGroup<BasicRequestContext>) {
        api.get("images") { _, _ in
            let snapshot = try await services.store.snapshot()
            return try await JSONAnswer(
                snapshot.images.values.sorted { $0.name < $1.name }.asyncFlatMap { try await answers($0) })
        }
        api.get("images/:name") { _, context in
            let image = try await image(context)
            return try await JSONAnswer(answers(image))
        }
        api.post("images/:name/versions") { request, context in
            let name = try ImageName(context.parameters.require("name"))
            let published = try await request.decoded(PublishRequest.self)
            let manifest: ImageManifest
            do {
                manifest = try services.manifest(name, published.digest)
            } catch {
                throw Problem(422, "Unusable version", "\(error)")
            }
            let version = try await services.store.addVersion(
                manifest, digest: published.digest, by: FleetRoutes.localUser)
            try await services.refresh()
            return try await JSONAnswer(answer(version), status: .created)
        }
        api.put("images/:name/channels/:channel") { request, context in
            let image = try await image(context)
            let wanted = try await request.decoded(PromoteRequest.self).version
            let version = try version(wanted, of: image)
            try await services.store.promote(version, to: channel(context), by: FleetRoutes.localUser)
            try await services.refresh()
            return try await JSONAnswer(answer(version))
        }
        api.post("images/:name/channels/:channel/rollback") { _, context in
            let image = try await image(context)
            let number = try await services.store.rollBack(
                channel(context), of: image.name, by: FleetRoutes.localUser)
            try await services.refresh()
            return try await JSONAnswer(answer(version(String(number), of: image)))
        }
        api.delete("images/:name/versions/:version") { _, context in
            let image = try await image(context)
            let version = try version(context.parameters.require("version"), of: image)
            try await services.store.remove(version, by: FleetRoutes.localUser)
            try await services.refresh()
            try services.removeFiles(version.image, version.digest)
            return HTTPResponse.Status.noContent
        }
    }

    private func image(_ context: BasicRequestContext) async throws -> ImageCatalogue {
        let name = try ImageName(context.parameters.require("name"))
        guard let image = try await services.store.snapshot().images[name] else {
            throw StoreError.notFound("there is no image ‘\(name)’ (roost image list shows all)")
        }
        return image
    }

    private func channel(_ context: BasicRequestContext) throws -> ChannelName {
        let text = try context.parameters.require("channel")
        guard let channel = ChannelName(text) else {
            throw Problem(
                422, "Invalid name",
                "‘\(text)’ is no channel name: a lower-case letter, then letters, digits and hyphens")
        }
        return channel
    }

    private func version(_ text: String, of image: ImageCatalogue) throws -> ImageVersion {
        guard let reference = ImageReference("\(image.name)@\(text)"),
            let version = image.version(reference.selector)
        else {
            throw StoreError.notFound("there is no version \(image.name)@\(text)")
        }
        return version
    }

    private func answers(_ image: ImageCatalogue) async throws -> [VersionAnswer] {
        let open = await services.openVersions()
        return image.versions.map { version in
            VersionAnswer(
                image: version.image, number: version.number, digest: version.digest,
                publishedAt: version.publishedAt,
                channels: image.channels.filter { $0.value == version.number }.map(\.key).sorted {
                    $0.text < $1.text
                },
                openConnections: open[version.digest] ?? 0, manifest: version.manifest)
        }
    }

    private func answer(_ version: ImageVersion) async throws -> VersionAnswer {
        let image = try await services.store.snapshot().images[version.image]
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
