/// Which versions of an image may go, and why the others stay.
package struct ImageRetention: Equatable, Sendable {
    /// Why a version stays.
    package enum Hold: Equatable, Sendable, CustomStringConvertible {
        case channel(ChannelName)
        /// A setting names it by its number or digest: of `node pc-1`, `group /school`, `rule small`.
        case pinned(by: String)
        case open(connections: Int)
        case newest

        package var description: String {
            switch self {
            case .channel(let channel): "channel \(channel)"
            case .pinned(let origin): "pinned by \(origin)"
            case .open(let connections): "\(connections) connections"
            case .newest: "among the newest"
            }
        }
    }

    /// The first reason for each version that stays, by its number.
    package private(set) var holds: [Int: Hold] = [:]
    /// In number order.
    package private(set) var removable: [ImageVersion] = []

    /// - Parameters:
    ///   - keep: how many of the newest stay in any case.
    ///   - open: connections that read each version at this moment.
    package init(of image: ImageCatalogue, in snapshot: FleetSnapshot, keep: Int, open: [Digest: Int]) {
        let pins = snapshot.pins(of: image.name)
        let newest = Set(image.versions.suffix(keep).map(\.number))
        for version in image.versions {
            if let channel = image.channels.filter({ $0.value == version.number }).keys.min(by: {
                $0.text < $1.text
            }) {
                holds[version.number] = .channel(channel)
            } else if let pin = pins.first(where: { image.version($0.selector)?.number == version.number }) {
                holds[version.number] = .pinned(by: pin.origin)
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
    /// All settings that name a version of `image` by number or digest, wherever they stand.
    fileprivate func pins(of image: ImageName) -> [(selector: ImageReference.Selector, origin: String)] {
        let levels =
            groups.values.map { ("group \($0.path)", $0.settings) }
            + nodes.values.map { ("node \($0.name)", $0.settings) }
            + rules.values.map { ("rule \($0.name)", $0.settings) }
        return levels.compactMap { origin, settings in
            guard case .text(let text)? = settings[SettingDefinition.image.name],
                let reference = ImageReference(text),
                reference.image == image
            else { return nil }
            return (reference.selector, origin)
        }.sorted { $0.origin < $1.origin }
    }
}
