/// Which versions of an image can be removed, and why the others stay.
package struct ImageRetention: Equatable, Sendable {
    /// Why a version stays.
    package enum Hold: Equatable, Sendable, CustomStringConvertible {
        case channel(ChannelName)
        case tag(ChannelName)
        /// The channel's rollback leads to it.
        case former(ChannelName)
        /// A setting names it by number or digest: of `node pc-1`, `group /school`, `rule small`.
        case pinned(by: String)
        case open(connections: Int)
        case newest
        /// A roll-out tries it, or would return to it.
        case rollout(Int)
        /// A node's volume was made over it.
        case volume(of: NodeName)

        package var description: String {
            switch self {
            case .channel(let channel): "channel \(channel)"
            case .tag(let tag): "tag \(tag)"
            case .former(let channel): "channel \(channel) would roll back to it"
            case .pinned(let origin): "pinned by \(origin)"
            case .open(let connections): counted(connections, "connection")
            case .newest: "among the newest"
            case .volume(let node): "volume of \(node)"
            case .rollout(let id): "roll-out \(id)"
            }
        }
    }

    /// The first reason for each version that stays, by number.
    package private(set) var holds: [Int: Hold] = [:]
    /// In number order.
    package private(set) var removable: [ImageVersion] = []

    /// - Parameters:
    ///   - keep: how many of the newest to keep in any case.
    ///   - open: present connections per version.
    package init(of image: ImageCatalogue, in snapshot: FleetSnapshot, keep: Int, open: [Digest: Int]) {
        let pins = snapshot.pins(of: image.name)
        let volumes = Dictionary(snapshot.volumes.values.map { ($0.digest, $0.node) }) {
            min($0, $1)
        }
        let newest = Set(image.versions.suffix(keep).map(\.number))
        for version in image.versions {
            if let channel = image.channels.filter({ $0.value == version.number }).keys.min(by: {
                $0.text < $1.text
            }) {
                holds[version.number] = .channel(channel)
            } else if let tag = image.tags(of: version.number).first {
                holds[version.number] = .tag(tag)
            } else if let channel = image.formers.filter({ $0.value == version.number }).keys.min(by: {
                $0.text < $1.text
            }) {
                holds[version.number] = .former(channel)
            } else if let pin = pins.first(where: { image.version($0.selector)?.number == version.number }) {
                holds[version.number] = .pinned(by: pin.origin)
            } else if let node = volumes[version.digest] {
                holds[version.number] = .volume(of: node)
            } else if let rollout = snapshot.rollout(holding: version) {
                holds[version.number] = .rollout(rollout.id)
            } else if let connections = open[version.digest], connections > 0 {
                holds[version.number] = .open(connections: connections)
            } else if newest.contains(version.number) {
                holds[version.number] = .newest
            } else {
                removable.append(version)
            }
        }
    }
}

extension FleetSnapshot {
    /// The current roll-out with this version.
    package func rollout(holding version: ImageVersion) -> Rollout? {
        contents.rollouts.values.first {
            $0.image == version.image && ($0.candidate == version.number || $0.former == version.number)
        }
    }

    /// Throws while a roll-out, a volume, a setting, a channel or a tag needs the version.
    package func requireRemovable(_ version: ImageVersion) throws {
        let name = "\(version.image)@\(version.number)"
        if let rollout = rollout(holding: version) {
            throw StoreError.conflict("\(name) is part of roll-out \(rollout.id)")
        }
        if let volume = volumes.values.filter({ $0.digest == version.digest }).min(by: { $0.node < $1.node })
        {
            throw StoreError.conflict(
                "the volume of \(volume.node) was made over \(name); reset or remove it first")
        }
        if let origin = pin(of: version) {
            throw StoreError.conflict("the settings of \(origin) name \(name); change them first")
        }
        try images[version.image]?.requireRemovable(version.number)
    }

    /// The setting that names this version by number or digest: of `node pc-1`, `group /school`, `rule small`; nil when none does.
    package func pin(of version: ImageVersion) -> String? {
        guard let image = images[version.image] else { return nil }
        return pins(of: image.name).first {
            if case .channel = $0.selector { return false }
            return image.version($0.selector)?.number == version.number
        }?.origin
    }

    /// All settings that name a version of `image` by number or digest, at any level.
    fileprivate func pins(of image: ImageName) -> [(selector: ImageReference.Selector, origin: String)] {
        let levels =
            groups.values.map { ("group \($0.path)", $0.settings) }
            + nodes.values.map { ("node \($0.name)", $0.settings) }
            + rules.values.map { ("rule \($0.name)", $0.settings) }
            + images.values.flatMap(\.allSettings).map { ("\($0.origin)", $0.settings) }
        return levels.flatMap { origin, settings in
            Settings.versions.compactMap { setting in
                guard let stored = settings[setting.name], let reference = try? setting.value(of: stored),
                    reference.image == image
                else { return nil }
                return (reference.selector, origin)
            }
        }.sorted { $0.origin < $1.origin }
    }
}
