package import Wire

/// What machines have reported, and what the server has made for them: an immutable value beside the configuration.
///
/// People do not change it, it is in no revision, and a report makes no index of the configuration anew. Copies share what they have in
/// common.
package struct FleetObservations: Equatable, Sendable {
    /// What the machines last said that they are made of: match rules ask for it.
    package var hardware: PartitionedDictionary<MACAddress, Hardware> = [:]
    /// Machines whose last boots failed.
    package var troubles: PartitionedDictionary<MACAddress, BootTrouble> = [:]
    /// Cards that no record names, and the nodes' machines that they are in. A snapshot takes over no others.
    package var cards = LearnedCards()
    /// What boots have shown of the roll-outs that are not over, where their records do not say it yet.
    package var progress: [Int: Rollout.Progress] = [:]
    /// Volumes that the server has made or changed for nodes that boot, where their records do not say it yet.
    package var volumes: PartitionedDictionary<NodeName, Volume> = [:]

    package init() {}

    /// Machines whose hardware is known, at most.
    package static let machineLimit = 100_000

    /// Enters what machines said that they are made of.
    package mutating func note(_ reported: [MACAddress: Hardware]) {
        for (machine, hardware) in reported
        where self.hardware.count < Self.machineLimit || self.hardware[machine] != nil {
            self.hardware[machine] = hardware
        }
    }

    /// Cards were seen in other machines than before: what was known of the machines that they were in is not known of those that they
    /// are in now.
    package mutating func forgetMachines(of cards: [MACAddress]) {
        for card in cards { (hardware[card], troubles[card]) = (nil, nil) }
    }

    /// The same, once the records say all of it that they can say.
    var recorded: FleetObservations {
        var rest = self
        (rest.progress, rest.volumes) = ([:], [:])
        return rest
    }

    /// The same, of volumes and roll-outs what a configuration made from `before` does not have in its records.
    package func since(_ before: FleetObservations) -> FleetObservations {
        var news = self
        news.progress = progress.filter { before.progress[$0.key] != $0.value }
        news.volumes = volumes.filter { before.volumes[$0] != $1 }
        return news
    }

    /// Without what `configuration` has in its records, and without cards of machines that are no nodes.
    func fitting(_ configuration: FleetConfiguration) -> FleetObservations {
        var fitting = self
        fitting.cards.keep { card, machine in
            configuration.node(withRecordOf: card) == nil && configuration.node(with: machine) != nil
        }
        fitting.progress = progress.filter { id, progress in
            configuration.contents.rollouts[id].map { $0.progress != progress } == true
        }
        fitting.volumes = volumes.filter { configuration.contents.volumes[$0] != $1 }
        return fitting
    }
}
