import API
import Fleet
import NetworkErrors

/// Comparing, verifying, naming and removing versions of an image.
extension Acts {
    /// The default number of versions to keep.
    static let standardKeep = 3

    // MARK: Names and signatures

    /// Sets how many versions of an image to keep automatically; nil: all.
    func keep(_ number: Int?, of name: ImageName, if expected: Precondition = .none) async throws {
        try require(.publish, in: .site)
        _ = try image(name)
        _ = try await change { _ in
            [.keep(name, number)]
        } check: { current in
            try expected.check(ImageKeep.record(at: name, in: current.contents), at: name)
        }
    }

    func tag(
        _ wanted: String, of name: ImageName, as tag: ChannelName, if expected: Precondition = .none
    ) async throws -> VersionAnswer {
        try require(.publish, in: .site)
        let version = try Self.version(wanted, of: image(name))
        let label = ImageLabel(name, tag)
        _ = try await change { _ in
            [.tag(name, tag, version.number)]
        } check: { current in
            try expected.check(ImageTag.record(at: label, in: current.contents), at: label)
        }
        return try await answer(version)
    }

    func removeTag(_ tag: ChannelName, of name: ImageName) async throws {
        try require(.publish, in: .site)
        _ = try image(name)
        _ = try await change { _ in [.tag(name, tag, nil)] }
    }

    func sign(_ wanted: String, of name: ImageName, by signature: ImageSignature) async throws
        -> VersionAnswer
    {
        try require(.publish, in: .site)
        let version = try Self.version(wanted, of: image(name))
        _ = try await fleet.publish(
            version.manifest, digest: version.digest, signatures: [signature], by: caller.name)
        return try await answer(version)
    }

    // MARK: Comparing and checking

    /// - Parameters:
    ///   - from: a number, digest or channel; nil: the version before the other.
    ///   - to: nil: the newest.
    ///   - wantsContents: compares the roots' contents, too.
    func difference(of name: ImageName, from: String?, to: String?, wantsContents: Bool) async throws
        -> ImageDifference
    {
        try require(.read)
        let image = try image(name)
        guard let newest = image.versions.last else {
            throw StoreError.notFound("\(image.name) has no version yet")
        }
        let after = try to.map { try Self.version($0, of: image) } ?? newest
        let before =
            try from.map { try Self.version($0, of: image) }
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
    func verify(_ wanted: String, of name: ImageName) async throws -> VerificationAnswer {
        try require(.read)
        let version = try Self.version(wanted, of: image(name))
        // It takes minutes, and has turns of its own: the account's other reads go on meanwhile.
        let damage = try await services.turns.run(of: "\(caller.account ?? caller.name), verifying") {
            try await services.shelf.verify(version.image, version.digest)
        }
        return VerificationAnswer(
            image: version.image, number: version.number, isGood: damage.isEmpty, damage: damage)
    }

    // MARK: Removing

    func remove(_ wanted: String, of name: ImageName) async throws {
        try require(.publish, in: .site)
        try await services.shelf.remove(Self.version(wanted, of: image(name)), by: caller.name)
    }

    func prune(_ name: ImageName, _ wish: PruneRequest) async throws -> PruneAnswer {
        try require(.publish, in: .site)
        let image = try image(name)
        let keep = wish.keep ?? image.keep ?? Self.standardKeep
        guard (0...1_000).contains(keep) else {
            throw Problem(422, "Invalid number", "keep: 0 to 1000 versions")
        }
        let retention = try await services.shelf.prune(
            image, keep: keep, by: caller.name, isPlan: wish.isPlan == true)
        return PruneAnswer(
            removed: retention.removable.map(\.number),
            kept: retention.holds.sorted { $0.key < $1.key }.map {
                PruneAnswer.Kept(number: $0.key, because: $0.value.description)
            })
    }
}
