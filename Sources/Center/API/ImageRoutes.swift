import API
import Fleet
import Hummingbird

/// Images, their versions and channels.
struct ImageRoutes {
    func add(to api: Routes) {
        api.get("images", .fetch) { request, _, acts in try await JSONAnswer(acts.at(request).versions()) }
        api.get("images/:name", .read) { request, context, acts in
            try await JSONAnswer(acts.at(request).versions(of: context.imageName()))
        }
        api.get("images/:name/settings", .read) { request, context, acts in
            try await JSONAnswer(acts.at(request).imageSettings(of: context.imageName()))
        }
        api.post("images/:name/versions", .publish) { request, context, acts in
            try await JSONAnswer(acts.publish(request.decoded(), of: context.imageName()), status: .created)
        }
        api.put("images/:name/channels/:channel", .publish) { request, context, acts in
            let wanted = try await request.decoded(PromoteRequest.self)
            return try await JSONAnswer(
                acts.promote(
                    wanted.version, of: context.imageName(), to: context.channelName(), by: wanted.move,
                    if: request.precondition))
        }
        api.post("images/:name/channels/:channel/rollback", .publish) { _, context, acts in
            try await JSONAnswer(acts.rollBack(context.channelName(), of: context.imageName()))
        }
        api.delete("images/:name/versions/:version", .publish) { _, context, acts in
            try await acts.remove(context.parameter("version"), of: context.imageName())
            return HTTPResponse.Status.noContent
        }
    }
}

extension CenterContext {
    /// The component `name` of the path.
    func imageName() throws -> ImageName { try ImageName(parameter("name")) }

    /// The component `channel` of the path.
    func channelName() throws -> ChannelName {
        try ChannelName(channel: parameter("channel"))
    }
}

extension ChannelName {
    init(channel text: String) throws {
        guard let name = Self(text) else {
            throw Problem(
                422, "Invalid name",
                "‘\(text)’ is not a channel name: a lower-case letter, then letters, digits and hyphens")
        }
        self = name
    }

    init(tag text: String) throws {
        guard let name = Self(text) else {
            throw Problem(
                422, "Invalid name",
                "‘\(text)’ is not a tag: a lower-case letter, then up to 31 letters, digits, hyphens and dots"
            )
        }
        self = name
    }
}
