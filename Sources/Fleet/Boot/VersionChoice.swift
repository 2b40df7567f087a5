import Wire

/// The version that a machine boots now, and why it is that one.
struct ChosenVersion: Equatable {
    var version: ImageVersion
    var because: String
    /// The terms of the roll-out that this boot is a trial of.
    var trial: Rollout.Terms?
    /// Whether it takes the place of one that the node has failed with too often.
    var isRescue = false
}

/// There is nothing to boot; the text says what to do about it.
struct NoVersion: Error, Equatable {
    var text: String
    /// It will be there when the node's volume is.
    var wantsVolume = false
}

extension NoVersion {
    init(_ problem: UnreadableSetting) { text = problem.description }
}

/// What the settings, roll-outs and the last boots make a machine boot.
///
/// - Parameters:
///   - node: nil for an unknown machine.
///   - address: the machine's; nil when nobody has asked from one.
func chooseVersion(
    for node: Node?, at machine: MACAddress, from address: IPv4Address? = nil, _ settings: EffectiveSettings,
    in snapshot: FleetSnapshot
) -> Result<ChosenVersion, NoVersion> {
    let result = wantedVersion(for: node, at: machine, from: address, settings, in: snapshot)
    guard case .success(let choice) = result, let distrust = choice.version.distrust else { return result }
    return .failure(NoVersion(text: distrust))
}

/// What is left of the choice when the brake has had its say.
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
    let held = "held after \(trouble.failedBoots) failed boots of \(what) (\(trouble.detail))"
    if let version = rescue.flatMap({ snapshot.version($0) }), version.digest != choice.version.digest {
        return .success(ChosenVersion(version: version, because: "\(held): rescue image", isRescue: true))
    }
    let name = node?.name.text ?? machine.description
    return .failure(NoVersion(text: "\(held); roost node release \(name) lets it try again"))
}

/// What the settings mean, and what the node's volume makes of that.
private func unbrakedVersion(
    for node: Node?, from address: IPv4Address?, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) -> Result<ChosenVersion, NoVersion> {
    do throws(UnreadableSetting) {
        let meant = try meantVersion(for: node, settings, in: snapshot)
        guard let kind = try settings.volumeKind, case .success(let choice) = meant else { return meant }
        return try withVolume(kind, of: node, from: address, choice, settings, in: snapshot)
    } catch { return .failure(NoVersion(error)) }
}

/// The version for a node with a volume, by what its policy says when it was made over another one.
private func withVolume(
    _ kind: Volume.Kind, of node: Node?, from address: IPv4Address?, _ choice: ChosenVersion,
    _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) throws(UnreadableSetting) -> Result<ChosenVersion, NoVersion> {
    guard let node else {
        return .failure(NoVersion(text: "a machine with a volume has to be enrolled first (roost node add)"))
    }
    let volume = snapshot.volume(of: node.name)
    if let volume, volume.kind != kind {
        // What somebody has kept does not go because a setting has changed.
        return .failure(
            NoVersion(
                text:
                    "it has a volume of another kind, a \(volume.kind.rawValue) (roost volume rm \(node.name), and what is in it is gone)"
            ))
    }
    let byteCount = try settings.value(of: Settings.volumeSize).byteCount
    guard let volume, kind == .tree || volume.byteCount >= byteCount,
        kind == .disk || address == nil || volume.client == address
    else { return .failure(NoVersion(text: "its volume is being made", wantsVolume: true)) }
    guard try settings.keepsRoot, volume.digest != choice.version.digest else {
        return .success(choice)
    }
    switch try settings.value(of: Settings.volumePolicy) {
    case .reset: return .failure(NoVersion(text: "its volume is being reset", wantsVolume: true))
    case .follow where kind == .disk: return .success(choice)
    // There is no image under a copy: its files are those of the version that it was made of.
    case .pin, .follow:
        guard let version = snapshot.version(volume.digest) else {
            return .failure(
                NoVersion(
                    text:
                        "the version of its volume, \(volume.image)@\(volume.version), is gone (roost volume reset \(node.name))"
                ))
        }
        return .success(
            ChosenVersion(version: version, because: "its volume was made over it (volume-policy pin)"))
    }
}

/// What the setting `image` means for a node, roll-outs included.
private func meantVersion(
    for node: Node?, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
) throws(UnreadableSetting) -> Result<ChosenVersion, NoVersion> {
    guard let reference = try settings.value(of: Settings.image) else {
        guard let only = snapshot.images.values.first, snapshot.images.count == 1 else {
            return .failure(
                NoVersion(
                    text: snapshot.images.isEmpty
                        ? "no image has been published yet (roost image build NAME --suite bookworm)"
                        : "there are several images and none is chosen (roost set image=NAME)"))
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

/// The version that `node` tries as a canary; nil when it is none, or has failed with it.
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
    /// The version that a node gets at its next boot, with roll-outs, its volume and the brake; nil when there is none for it.
    ///
    /// - Parameter node: also one that stands for a machine that nobody has enrolled.
    package func nextVersion(of node: Node) -> ImageVersion? { try? nextChoice(of: node).get() }

    /// Why a node gets nothing at its next boot, and what to do about it; nil when it gets a version.
    ///
    /// - Parameter client: what it last told DHCP that it boots with; nil where that is not known.
    package func lack(of node: Node, under policy: BootPolicy, asking client: BootClient? = nil) -> String? {
        let settings = settings(of: nodes[node.name])
        if let problem = bootProblem(of: nodes[node.name]) { return problem.description }
        if let text = settings.lackOfRole(under: policy) { return text }
        switch nextChoice(of: node) {
        case .failure(let lack): return lack.text
        case .success(let version):
            do { _ = try policy.nodeArchive(for: version) } catch { return error.description }
            guard let client else { return nil }
            if let foreign = ForeignImage(version, on: client.architecture) { return foreign.description }
            let decision = bootDecision(for: client, in: self, under: policy)
            return decision.answer == .nothing ? decision.reason.description : nil
        }
    }

    private func nextChoice(of node: Node) -> Result<ImageVersion, NoVersion> {
        let cards = cards(of: node)
        // One without a card was never seen, and has failed nothing yet.
        let machine =
            cards.first { observations.troubles[$0] != nil } ?? cards.first ?? MACAddress(rawValue: 0)
        let known = nodes[node.name]
        let settings = settings(of: known)
        switch chooseVersion(for: known, at: machine, settings, in: self) {
        case .success(let choice): return .success(choice.version)
        // It is made, or made anew, when the node boots.
        case .failure(let lack) where lack.wantsVolume:
            do throws(UnreadableSetting) {
                return try meantVersion(for: known, settings, in: self).map(\.version)
            } catch { return .failure(NoVersion(error)) }
        case .failure(let lack): return .failure(lack)
        }
    }

    /// The failed boots for which a node does not get the version any more that it is meant to boot; nil when it does.
    package func trouble(holding node: Node) -> BootTrouble? {
        let known = cards(of: node).lazy.compactMap { self.observations.troubles[$0] }.first
        guard let known else { return nil }
        let settings = settings(of: node)
        guard let limit = settings[Settings.bootBrake], limit > 0, known.failedBoots >= limit,
            case .success(let meant) = unbrakedVersion(for: node, from: nil, settings, in: self),
            meant.version.digest == known.version
        else { return nil }
        return known
    }
}

extension EffectiveSettings {
    /// Why no node with these settings boots from a server that lacks a role; nil when it has them all.
    func lackOfRole(under policy: BootPolicy) -> String? {
        guard self[Settings.rootMode] == .nfs, policy.nfs == nil else { return nil }
        return
            "root mode nfs, but role nfs of this server is off (root-mode: \(origin(of: Settings.rootMode)))"
    }
}
