import API
import Fleet

/// Images and their channels: shared by all groups, so publishing is for the whole site.
extension Acts {
    /// The versions of all images.
    func versions() async throws -> [VersionAnswer] {
        try require(.fetch)
        let images = try await configuration().images.values.sorted { $0.name < $1.name }
        var all: [VersionAnswer] = []
        for image in images { all += try await answers(image) }
        // A caller that only fetches versions sees no people or nodes.
        return maySomewhere(.read) ? all : all.map(\.withoutPeopleAndNodes)
    }

    func versions(of name: ImageName) async throws -> [VersionAnswer] {
        try require(.read)
        return try await answers(image(name, in: configuration()))
    }

    /// A version by its number, the start of its digest, or a channel.
    func version(_ text: String, of name: ImageName) throws -> ImageVersion {
        try require(.fetch)
        return try Self.version(text, of: image(name))
    }

    /// An image with everything on its page.
    struct ImageDetails: Sendable {
        var image: ImageCatalogue
        var versions: [VersionAnswer]
        /// How many nodes have each version.
        var uses: [Digest: VersionUse]
        /// By number: whether its boot test passed.
        var verdicts: [Int: Bool]
        /// What nodes lack to boot the newest version. It names nodes of all groups: only for callers who may read those.
        var warning: String?
        var copies: [PlaceAnswer]
    }

    /// How many of the nodes that the caller sees have a version: what searches by `next=`, `booted=` and `state=` find.
    struct VersionUse: Sendable, Equatable {
        var next = 0
        /// Those that came up with it, and are ready.
        var running = 0
        var failed = 0
        /// Those that came up or failed without a word of their version, and boot this one next.
        var unreported = 0
    }

    func imageDetails() async throws -> [ImageDetails] {
        try require(.read)
        let snapshot = try await configuration()
        let live = try await facts(in: snapshot, addressesOf: [])
        var uses: [Digest: VersionUse] = [:]
        for node in snapshot.nodes.values where sees(node, in: snapshot) {
            let next = live.nextVersion(of: node)?.digest
            if let next { uses[next, default: VersionUse()].next += 1 }
            guard let boot = live.presentBoot(of: node, in: snapshot) else { continue }
            switch (live.state(of: boot), boot.version) {
            case (.ready, let booted?): uses[booted, default: VersionUse()].running += 1
            case (.failed, let booted?): uses[booted, default: VersionUse()].failed += 1
            case (.ready, nil), (.failed, nil):
                if let next { uses[next, default: VersionUse()].unreported += 1 }
            default: break
            }
        }
        let fit = may(.read, in: .site) ? ImageFit(snapshot) : nil
        var all: [ImageDetails] = []
        for image in snapshot.images.values.sorted(by: { $0.name < $1.name }) {
            all.append(
                ImageDetails(
                    image: image, versions: try await answers(image), uses: uses,
                    verdicts: try await store.bootTestVerdicts(of: image.name),
                    warning: image.versions.last.flatMap { fit?.warning(for: $0) },
                    copies: await services.replication.places(of: nil, image.name)))
        }
        return all
    }

    // MARK: Publishing

    /// Adds a version whose files are in the image store.
    func publish(_ wish: PublishRequest, of name: ImageName) async throws -> VersionAnswer {
        try require(.publish, in: .site)
        let version = try await services.shelf.take(
            name, wish.digest, signatures: wish.signatures ?? [], by: caller.name)
        return try await answerWithWarnings(version)
    }

    /// Points a channel at a version: `3`, or the start of a digest.
    ///
    /// - Parameter move: signed by the publisher, for servers that follow the channel.
    func promote(
        _ wanted: String, of name: ImageName, to channel: ChannelName, by move: ChannelMove? = nil,
        if expected: Precondition = .none
    ) async throws -> VersionAnswer {
        try require(.publish, in: .site)
        let image = try image(name)
        let version = try Self.version(wanted, of: image)
        let (trust, label) = (fleet.trust, ImageLabel(name, channel))
        _ = try await change { snapshot in
            let edit = FleetEdit.channel(name, channel, version.number)
            guard let move else { return [edit] }
            try trust.check(move, moving: channel, of: snapshot.images[name] ?? image, to: version)
            return [edit, .move(name, move)]
        } check: { current in
            try expected.check(ImageChannel.record(at: label, in: current.contents), at: label)
        }
        return try await answerWithWarnings(version, movedBy: channel)
    }

    /// Points a channel back at its previous version.
    func rollBack(_ channel: ChannelName, of name: ImageName) async throws -> VersionAnswer {
        try require(.publish, in: .site)
        let image = try image(name)
        let snapshot = try await change { [try $0.rollingBack(channel, of: name)] }
        let version = try Self.version(channel.text, of: snapshot.images[name] ?? image)
        return try await answerWithWarnings(version, movedBy: channel)
    }

    // MARK: Finding

    func image(_ name: ImageName) throws -> ImageCatalogue { try image(name, in: fleet.snapshot) }

    private func image(_ name: ImageName, in snapshot: FleetSnapshot) throws -> ImageCatalogue {
        guard let image = snapshot.images[name] else {
            throw StoreError.notFound(snapshot.contents.missing(.image(name)))
        }
        return image
    }

    static func version(_ text: String, of image: ImageCatalogue) throws -> ImageVersion {
        guard let reference = ImageReference("\(image.name)@\(text)"),
            let version = image.version(reference.selector)
        else {
            let missing = "\(image.name)@\(text)"
            throw StoreError.notFound("there is no version \(missing) (roost image list shows all)")
        }
        return version
    }

    // MARK: Answers

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
                }.sorted { $0.channel.text < $1.channel.text },
                settings: image.settingsOfVersions[version.number]?.travelling,
                imageSettings: image.settings?.travelling)
        }
    }

    private func answerWithWarnings(_ version: ImageVersion, movedBy channel: ChannelName? = nil) async throws
        -> VersionAnswer
    {
        var answer = try await answer(version)
        var warnings = ImageFit(fleet.snapshot).warning(for: version).map { [$0] } ?? []
        do { _ = try await services.policy().nodeArchive(for: version) } catch {
            warnings.append("no node boots \(version.image)@\(version.number) yet: \(error)")
        }
        if let channel, fleet.snapshot.images[version.image]?.moves[channel] != nil,
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
        let image = fleet.snapshot.images[version.image]
        guard let image, let answer = try await answers(image).first(where: { $0.number == version.number })
        else {
            let missing = "\(version.image)@\(version.number)"
            throw StoreError.notFound("there is no version \(missing) (roost image list shows all)")
        }
        return answer
    }
}

extension VersionAnswer {
    /// The same, without the publisher and the number of nodes.
    fileprivate var withoutPeopleAndNodes: Self {
        var answer = self
        (answer.publishedBy, answer.openConnections) = ("", 0)
        return answer
    }
}
