import Wire

/// The version that a machine boots now, and the reason.
struct ChosenVersion: Equatable {
    var version: ImageVersion
    var because: Sentence
    /// The terms of the roll-out, if this boot is a trial.
    var trial: Rollout.Terms?
    /// Whether it replaces a version that failed too often on the node.
    var isRescue = false
}

/// There is nothing to boot; the text says what to do.
struct NoVersion: Error, Equatable {
    var text: Sentence
    /// The node's volume must be made first.
    var wantsVolume = false
}

extension NoVersion {
    init(_ problem: UnreadableSetting) { text = problem.sentence }
}

/// The version that settings, roll-outs and the last boots select.
///
/// - Parameters:
///   - node: nil for an unknown machine.
///   - address: the machine's; nil when it has none.
func chooseVersion(
    for node: Node?, at machine: MACAddress, from address: IPv4Address? = nil, _ settings: EffectiveSettings,
    in snapshot: FleetSnapshot
) -> Result<ChosenVersion, NoVersion> {
    let result = wantedVersion(for: node, at: machine, from: address, settings, in: snapshot)
    guard case .success(let choice) = result, let distrust = choice.version.distrust else { return result }
    return .failure(NoVersion(text: distrust))
}

/// The choice after failed boots are taken into account.
private func wantedVersion(
    for node: Node?, at machine: MACAddress, from address: IPv4Address?, _ settings: EffectiveSettings,
    in snapshot: FleetSnapshot
) -> Result<ChosenVersion, NoVersion> {
    let result = unbrakedVersion(for: node, from: address, settings, in: snapshot)
    let (limit, rescue): (Int, ImageReference?)
    do throws(UnreadableSetting) {
        (limit, rescue) = (
            try settings.value(of: Settings.bootBrake), try settings.value(of: Settings.rescueImage)
        )
    } catch { return .failure(NoVersion(error)) }
    guard limit > 0, case .success(let choice) = result,
        let trouble = snapshot.observations.troubles[machine],
        trouble.version == choice.version.digest, trouble.failedBoots >= limit
    else { return result }
    let what = "\(choice.version.image)@\(choice.version.number)"
    let held: Sentence = "held after \(trouble.failedBoots) failed boots of \(what) (\(trouble.detail))"
    if let version = rescue.flatMap({ snapshot.version($0) }), version.digest != choice.version.digest {
        return .success(ChosenVersion(version: version, because: "\(held): rescue image", isRescue: true))
    }
    let name = node?.name.text ?? machine.description
    return .failure(NoVersion(text: "\(held); roost node release \(name) lets it try again"))
}

/// The version of the settings, and the effect of the node's volume.
private func unbrakedVersion(
    for node: Node?, from address: IPv4Address?, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) -> Result<ChosenVersion, NoVersion> {
    do throws(UnreadableSetting) {
        let meant = try meantVersion(for: node, settings, in: snapshot)
        guard let kind = try settings.volumeKind, case .success(let choice) = meant else { return meant }
        return try withVolume(kind, of: node, from: address, choice, settings, in: snapshot)
    } catch { return .failure(NoVersion(error)) }
}

/// The version for a node with a volume, by its policy when the volume was made over another version.
private func withVolume(
    _ kind: Volume.Kind, of node: Node?, from address: IPv4Address?, _ choice: ChosenVersion,
    _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) throws(UnreadableSetting) -> Result<ChosenVersion, NoVersion> {
    guard let node else {
        return .failure(NoVersion(text: "a machine with a volume has to be enrolled first (roost node add)"))
    }
    let volume = snapshot.volume(of: node.name)
    if let volume, volume.kind != kind {
        // A changed setting must not discard stored data.
        return .failure(
            NoVersion(
                text:
                    "it has a volume of another kind, a \(volume.kind.rawValue) (roost volume rm \(node.name) removes it with its contents)"
            ))
    }
    let byteCount = try settings.value(of: Settings.volumeSize).byteCount
    guard let volume, kind == .tree || volume.byteCount >= byteCount,
        kind == .disk || address == nil || volume.client == address
    else { return .failure(NoVersion(text: "its volume is being created", wantsVolume: true)) }
    guard try settings.keepsRoot, volume.digest != choice.version.digest else {
        return .success(choice)
    }
    switch try settings.value(of: Settings.volumePolicy) {
    case .reset: return .failure(NoVersion(text: "its volume is being reset", wantsVolume: true))
    case .follow where kind == .disk: return .success(choice)
    // A copy has no image underneath: its files are those of the version that it was copied from.
    case .pin, .follow:
        guard let version = snapshot.version(volume.digest) else {
            return .failure(
                NoVersion(
                    text:
                        "the version of its volume, \(volume.image)@\(volume.version), was removed (roost volume reset \(node.name))"
                ))
        }
        return .success(
            ChosenVersion(version: version, because: "its volume was created over it (volume-policy pin)"))
    }
}

/// The version of a node's setting `image`, including roll-outs.
private func meantVersion(
    for node: Node?, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) throws(UnreadableSetting) -> Result<ChosenVersion, NoVersion> {
    guard let reference = try settings.value(of: Settings.image) else {
        guard let only = snapshot.images.values.first, snapshot.images.count == 1 else {
            return .failure(
                NoVersion(
                    text: snapshot.images.isEmpty
                        ? "no image has been published yet (roost image build NAME --suite bookworm)"
                        : "there are several images, and none is chosen (roost set image=NAME)"))
        }
        guard let version = only.version(.channel(.stable)) else {
            return .failure(NoVersion(text: "image \(only.name) has no version in channel stable"))
        }
        return .success(
            try onTrial(node, settings, only, .stable, in: snapshot)
                ?? ChosenVersion(version: version, because: "the only image, channel stable"))
    }
    let setting = settings[Settings.image.definition]
    guard let image = snapshot.images[reference.image], let version = image.version(reference.selector)
    else {
        return .failure(
            NoVersion(text: "there is no version ‘\(setting.value)’ (setting image: \(setting.origin))"))
    }
    if case .channel(let channel) = reference.selector,
        let trial = try onTrial(node, settings, image, channel, in: snapshot)
    {
        return .success(trial)
    }
    return .success(
        ChosenVersion(version: version, because: "setting image = \(setting.value): \(setting.origin)"))
}

/// The version that `node` tries as a canary; nil when it is not one, or failed with it.
private func onTrial(
    _ node: Node?, _ settings: EffectiveSettings, _ image: ImageCatalogue, _ channel: ChannelName,
    in snapshot: FleetSnapshot
) throws(UnreadableSetting) -> ChosenVersion? {
    guard let node, try settings.canTryVersions, let rollout = snapshot.rollout(of: image.name, channel),
        rollout.offers(to: node.name),
        let version = image.version(.number(rollout.candidate))
    else { return nil }
    return ChosenVersion(
        version: version, because: "canary of roll-out \(rollout.id)", trial: rollout.terms)
}

extension FleetSnapshot {
    /// The version of a node's next boot, considering roll-outs, its volume and failed boots; nil when there is none.
    ///
    /// - Parameter node: may also represent an unknown machine.
    package func nextVersion(of node: Node) -> ImageVersion? {
        try? nextChoice(of: node, settings(of: nodes[node.name])).get()
    }

    /// Why a node gets nothing at its next boot, and what to do; nil when it gets a version.
    ///
    /// - Parameter client: its last DHCP request; nil when unknown.
    package func lack(of node: Node, under policy: BootPolicy, asking client: BootClient? = nil) -> Sentence?
    {
        nextBoot(of: node, under: policy, asking: client).lack
    }

    /// The version of a node's next boot, and why it gets nothing all the same.
    ///
    /// - Parameter client: its last DHCP request; nil when unknown.
    package func nextBoot(of node: Node, under policy: BootPolicy, asking client: BootClient?) -> (
        version: ImageVersion?, lack: Sentence?
    ) {
        let settings = settings(of: nodes[node.name])
        let choice = nextChoice(of: node, settings)
        return (try? choice.get(), lack(of: node, choice, settings, under: policy, asking: client))
    }

    private func lack(
        of node: Node, _ choice: Result<ImageVersion, NoVersion>, _ settings: EffectiveSettings,
        under policy: BootPolicy, asking client: BootClient?
    ) -> Sentence? {
        if let problem = bootProblem(of: nodes[node.name]) { return problem.sentence }
        if let text = settings.lackOfRole(under: policy) { return text }
        switch choice {
        case .failure(let lack): return lack.text
        case .success(let version):
            do { _ = try policy.nodeArchive(for: version) } catch { return error.sentence }
            guard let client else { return nil }
            if let foreign = ForeignImage(version, on: client.architecture) { return foreign.sentence }
            let decision = bootDecision(for: client, in: self, under: policy)
            return decision.answer == .nothing ? decision.reason.sentence : nil
        }
    }

    /// The version that a machine gets by these settings; nil when there is none.
    ///
    /// - Parameters:
    ///   - node: nil for an unknown machine.
    ///   - card: the one that it boots with, if known.
    func nextVersion(of node: Node?, card: MACAddress?, _ settings: EffectiveSettings) -> ImageVersion? {
        guard let node else {
            let choice = chooseVersion(
                for: nil, at: card ?? MACAddress(rawValue: 0), settings, in: self)
            return try? choice.get().version
        }
        return try? nextChoice(of: node, settings).get()
    }

    /// - Parameter settings: those of the node's record.
    private func nextChoice(
        of node: Node, _ settings: EffectiveSettings
    ) -> Result<ImageVersion, NoVersion> {
        let cards = cards(of: node)
        // A node without a card was never seen, so no boot failed.
        let machine =
            cards.first { observations.troubles[$0] != nil } ?? cards.first ?? MACAddress(rawValue: 0)
        let known = nodes[node.name]
        switch chooseVersion(for: known, at: machine, settings, in: self) {
        case .success(let choice): return .success(choice.version)
        // It is created, or reset, when the node boots.
        case .failure(let lack) where lack.wantsVolume:
            do throws(UnreadableSetting) {
                return try meantVersion(for: known, settings, in: self).map(\.version)
            } catch { return .failure(NoVersion(error)) }
        case .failure(let lack): return .failure(lack)
        }
    }

    /// The failed boots for which a node does not get its intended version; nil when it gets it.
    package func trouble(holding node: Node) -> BootTrouble? {
        // Lists call this for each of ten thousand nodes: most have none.
        guard !observations.troubles.isEmpty,
            let known = cards(of: node).lazy.compactMap({ self.observations.troubles[$0] }).first
        else { return nil }
        let settings = settings(of: node)
        guard let limit = settings[Settings.bootBrake], limit > 0, known.failedBoots >= limit,
            case .success(let meant) = unbrakedVersion(for: node, from: nil, settings, in: self),
            meant.version.digest == known.version
        else { return nil }
        return known
    }
}

extension EffectiveSettings {
    /// Why nodes with these settings cannot boot from a server without some role; nil when it has all that are needed.
    func lackOfRole(under policy: BootPolicy) -> Sentence? {
        guard self[Settings.rootMode] == .nfs, policy.nfs == nil else { return nil }
        return
            "root mode nfs, but role nfs of this server is off: add it to ‘roles’ in roost.yaml, or set another root-mode (root-mode: \(origin(of: Settings.rootMode)))"
    }
}
