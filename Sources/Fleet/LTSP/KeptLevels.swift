import Synchronization
package import Wire

/// Where values of a kept file are from.
package struct FileOrigin: Equatable, Sendable {
    package var file: String
    /// The line of each setting; of lists and maps, the last that added to it.
    package var places: [String: LTSPPlace]

    /// Of one setting alone.
    func of(_ setting: String) -> Self { Self(file: file, places: places.filter { $0.key == setting }) }
}

extension FileOrigin: CustomStringConvertible {
    package var description: String {
        places.count == 1 ? places.first.map { "file \($0.value)" } ?? file : "file \(file)"
    }
}

extension SettingOrigin {
    /// Of one setting of the level.
    func of(_ setting: String) -> Self {
        if case .file(let origin) = self { .file(origin.of(setting)) } else { self }
    }
}

/// A kept file as it was read, once for each change of it: what it sets on machines. What machines of one kind have is found out once.
package final class KeptReading: Sendable {
    /// Kinds whose settings are remembered.
    private static let kindLimit = 20_000

    package let record: KeptFile
    package let file: LTSPFile
    private let images: Set<String>
    private let known = Mutex<[LTSPMachineKind: EffectiveSettings.Level]>([:])

    /// - Parameter images: those that there are.
    init(_ record: KeptFile, images: Set<String>) {
        self.record = record
        file = record.file
        self.images = images
    }

    /// The machine that counts: of several cards, the first that a section names.
    func machine(among machines: [LTSPMachine]) -> LTSPMachine {
        guard machines.count > 1 else { return machines.first ?? LTSPMachine() }
        return machines.first { file.names($0.macAddress) } ?? machines[0]
    }

    func kind(of machines: [LTSPMachine]) -> LTSPMachineKind { file.kind(of: machine(among: machines)) }

    /// What the file sets on a machine, each setting with its line.
    func level(of machines: [LTSPMachine]) -> EffectiveSettings.Level {
        let machine = machine(among: machines)
        let kind = file.kind(of: machine)
        if let level = known.withLock({ $0[kind] }) { return level }
        let level = made(for: machine)
        known.withLock { known in
            if known.count >= Self.kindLimit { known.removeAll() }
            known[kind] = level
        }
        return level
    }

    private func made(for machine: LTSPMachine) -> EffectiveSettings.Level {
        var settings: [String: SettingValue] = [:]
        var places: [String: LTSPPlace] = [:]
        let variables = file.variables(of: machine)
        for variable in variables {
            let translation = LTSPTranslation(
                variable, in: file.dialect, images: images, others: variables)
            for (name, value) in translation.settings where mayBeSet(name) {
                settings[name] = LTSPTranslation.joined(settings[name], value)
                places[name] = variable.place
            }
        }
        return (.file(FileOrigin(file: record.main, places: places)), settings)
    }

    /// An image's file cannot choose the image, and what only the site sets is none of a machine.
    private func mayBeSet(_ name: String) -> Bool {
        if name == Settings.image.name, case .image = record.scope { return false }
        return SettingDefinition.named(name)?.isSiteWide == false
    }

    /// The kernel arguments of all sections together.
    fileprivate var arguments: [String: SettingValue] {
        let name = Settings.kernelArguments.name
        let words = file.sections.flatMap(\.variables).flatMap { variable -> [String] in
            guard case .list(let words)? = LTSPTranslation(variable, in: file.dialect).settings[name] else {
                return []
            }
            return words
        }
        return words.isEmpty ? [:] : [name: .list(words)]
    }

    /// The variables of a machine as the file has them, for old clients.
    package func variables(of machines: [LTSPMachine]) -> [LTSPVariable] {
        file.variables(of: machine(among: machines))
    }
}

/// The kept files of a configuration, read.
struct KeptLevels: Sendable {
    let site: KeptReading?
    let images: [ImageName: KeptReading]

    init(_ contents: FleetConfiguration.Contents) {
        let names = Set(contents.images.keys.map(\.text))
        var (site, images): (KeptReading?, [ImageName: KeptReading]) = (nil, [:])
        for (scope, record) in contents.keptFiles {
            let reading = KeptReading(record, images: names)
            switch scope {
            case .site: site = reading
            case .image(let name): images[name] = reading
            }
        }
        (self.site, self.images) = (site, images)
    }

    var isEmpty: Bool { site == nil && images.isEmpty }

    /// What all files distinguish a machine by.
    func kinds(of machines: [LTSPMachine]) -> [LTSPMachineKind] {
        let files = [site].compactMap(\.self) + images.sorted { $0.key < $1.key }.map(\.value)
        return files.map { $0.kind(of: machines) }
    }
}

extension FleetSnapshot {
    package var keptFiles: [KeptScope: KeptFile] { contents.keptFiles }

    /// The kept file of a scope, as it was read.
    package func keptReading(_ scope: KeptScope) -> KeptReading? {
        switch scope {
        case .site: configuration.keptLevels.site
        case .image(let name): configuration.keptLevels.images[name]
        }
    }

    /// What files name a machine by: one for each card, the given one first.
    ///
    /// - Parameters:
    ///   - address: where it is now; nil: only fixed and reserved addresses are known.
    ///   - card: the one that it boots with.
    package func machines(
        of node: Node?, at address: IPv4Address? = nil, card: MACAddress? = nil
    ) -> [LTSPMachine] {
        guard let node else {
            return [
                LTSPMachine(
                    macAddress: card?.description ?? "", address: address?.description ?? "",
                    hostName: card.map { NodeName(unknown: $0).text } ?? "")
            ]
        }
        var cards = node.macAddresses.isEmpty ? learnedCards(of: node) : node.macAddresses
        if let card { cards = [card] + cards.filter { $0 != card } }
        let fixed = node.address ?? address
        guard !cards.isEmpty else {
            return [LTSPMachine(address: fixed?.description ?? "", hostName: node.name.text)]
        }
        return cards.map { card in
            let held = fixed ?? contents.network.reservations[.macAddress(card)]?.address
            return LTSPMachine(
                macAddress: card.description, address: held?.description ?? "", hostName: node.name.text)
        }
    }

    /// What all sections of kept files together could add to a kernel command line.
    var keptArguments: [[String: SettingValue]] {
        keptFiles.keys.compactMap { keptReading($0)?.arguments }
    }

    /// What kept files distinguish a node by.
    func keptKinds(of node: Node) -> [LTSPMachineKind] {
        let kept = configuration.keptLevels
        return kept.isEmpty ? [] : kept.kinds(of: machines(of: node))
    }

    /// The levels of kept files, the site's first.
    ///
    /// - Parameter levels: the weaker ones, which choose the image together with the site's file and the node's own settings.
    func keptLevels(
        of machines: @autoclosure () -> [LTSPMachine], over levels: [EffectiveSettings.Level],
        under own: [String: SettingValue]
    ) -> [EffectiveSettings.Level] {
        let kept = configuration.keptLevels
        if kept.isEmpty { return [] }
        let machines = machines()
        var added: [EffectiveSettings.Level] = []
        if let site = kept.site { added.append(site.level(of: machines)) }
        guard !kept.images.isEmpty else { return added }
        let settings = EffectiveSettings(levels: levels + added + [(.productDefault, own)])
        let chosen = settings[Settings.image].flatMap { $0?.image }
        guard let image = chosen ?? (images.count == 1 ? images.keys.first : nil),
            let reading = kept.images[image]
        else { return added }
        added.append(reading.level(of: machines))
        return added
    }
}
