package import Wire

/// What machines have reported, and what the server has made for them: an immutable value beside the configuration.
///
/// People do not edit it, no revision contains it, and a report rebuilds no index of the configuration. Copies share their common parts.
package struct FleetObservations: Equatable, Sendable {
    /// The machines' last reported hardware, for match rules.
    package var hardware: PartitionedDictionary<MACAddress, SharedHardware> = [:]
    /// Machines whose last boots failed.
    package var troubles: PartitionedDictionary<MACAddress, BootTrouble> = [:]
    /// Cards that no record names, with the nodes' machines that they are in. Snapshots contain no others.
    package var cards = LearnedCards()
    /// Results of boots for unfinished roll-outs, if newer than their records.
    package var progress: [Int: Rollout.Progress] = [:]
    /// Volumes that the server made or changed for booting nodes, if newer than their records.
    package var volumes: PartitionedDictionary<NodeName, Volume> = [:]
    /// TPMs that nodes were bound to when they first showed them, if newer than their records.
    package var tpms: PartitionedDictionary<NodeName, BoundTPM> = [:]

    package init() {}

    /// The maximum number of machines with known hardware.
    package static let machineLimit = 100_000

    /// Records the hardware reported by machines.
    package mutating func note(_ reported: [MACAddress: Hardware]) {
        for (machine, hardware) in reported
        where self.hardware.count < Self.machineLimit || self.hardware[machine] != nil {
            self.hardware[machine] = SharedHardware(hardware)
        }
    }

    /// Cards were seen in other machines than before: observations about the old machines do not apply to the new ones.
    package mutating func forgetMachines(of cards: [MACAddress]) {
        for card in cards { (hardware[card], troubles[card]) = (nil, nil) }
    }

    /// The same, once the records contain everything that they can.
    var recorded: FleetObservations {
        var rest = self
        (rest.progress, rest.volumes, rest.tpms) = ([:], [:], [:])
        return rest
    }

    /// The same, but of volumes, TPMs and roll-outs only those parts that are missing in the records of a configuration made from `before`.
    package func since(_ before: FleetObservations) -> FleetObservations {
        var news = self
        news.progress = progress.filter { before.progress[$0.key] != $0.value }
        news.volumes = volumes.filter { before.volumes[$0] != $1 }
        news.tpms = tpms.filter { before.tpms[$0] != $1 }
        return news
    }

    /// Without the parts that are in the records of `configuration`, and without cards of machines that are not nodes.
    func fitting(_ configuration: FleetConfiguration) -> FleetObservations {
        var fitting = self
        fitting.cards.keep { card, machine in
            configuration.node(withRecordOf: card) == nil && configuration.node(with: machine) != nil
        }
        fitting.progress = progress.filter { id, progress in
            configuration.contents.rollouts[id].map { $0.progress != progress } == true
        }
        fitting.volumes = volumes.filter { configuration.contents.volumes[$0] != $1 }
        fitting.tpms = tpms.filter {
            configuration.contents.tpms[$0] != $1 && configuration.contents.nodes[$0] != nil
        }
        return fitting
    }
}
