package import Fleet
import Foundation
package import Logging
import NetworkErrors
import Wire

/// Records the reports of nodes in the fleet, each kind in its own way.
package struct ReportRecorder: Sendable {
    private let fleet: LiveFleet
    private let volumes: Volumes
    private let logs: NodeLogs
    private let logger: Logger
    private let mints: SecretMints
    private let clockJumped: @Sendable () -> Void
    private let lines = BootLines()

    /// - Parameters:
    ///   - minter: makes secrets for boots.
    ///   - deliver: gives secrets whose receipts are stored to the data planes.
    ///   - clockJumped: called when the server's clock was set; does not wait.
    package init(
        fleet: LiveFleet, volumes: Volumes, logs: NodeLogs, logger: Logger, minter: SecretMinter,
        deliver: @escaping @Sendable ([SecretDelivery]) -> Void = { _ in },
        clockJumped: @escaping @Sendable () -> Void
    ) {
        self.fleet = fleet
        self.volumes = volumes
        self.logs = logs
        self.logger = logger
        mints = SecretMints(fleet: fleet, minter: minter, logger: logger, give: deliver)
        self.clockJumped = clockJumped
    }

    /// Records incoming reports until cancelled.
    package func run(_ reports: ReportQueues) async {
        await mints.noteLost()
        await withDiscardingTaskGroup { group in
            group.addTask { await mints.sweep() }
            await reports.run { kind, batch, dropped in
                if dropped > 0 {
                    logger.error(
                        "\(dropped) reports of nodes (\(kind.rawValue)) are dropped: they come faster than the disk can record them"
                    )
                }
                await write(batch, of: kind)
            }
        }
    }

    func write(_ batch: [NodeReport], of kind: ReportKind) async {
        switch kind {
        case .boots: await writeBoots(batch)
        case .alarms: await writeAlarms(batch)
        case .hardware: await writeHardware(batch)
        case .sessions: writeSessions(batch)
        case .steps: await writeSteps(batch)
        case .secrets: await writeReceipts(batch)
        case .tpms: await writeTPMs(batch)
        case .logs: writeLogs(batch)
        case .volumes: prepareVolumes(batch)
        case .registrations: await writeRegistrations(batch)
        }
    }

    // MARK: Boots

    /// Between two jumps of the clock, the events of a batch share one transaction.
    private func writeBoots(_ batch: [NodeReport]) async {
        var rest = batch[...]
        while let (index, jump) = Self.firstJump(in: rest) {
            await writeBootsBetweenJumps(rest[..<index])
            await move(with: jump)
            rest = rest[(index + 1)...]
        }
        await writeBootsBetweenJumps(rest)
    }

    private static func firstJump(in reports: ArraySlice<NodeReport>) -> (Int, ClockJump)? {
        for (index, report) in zip(reports.indices, reports) {
            if case .clock(let jump) = report { return (index, jump) }
        }
        return nil
    }

    private func move(with jump: ClockJump) async {
        logger.warning("clock: it was set \(jump); stored times have moved with it")
        do { try await fleet.move(with: jump) } catch {
            logger.error("clock: cannot move the times of log-ins, tokens and boots: \(ErrorText.of(error))")
        }
        clockJumped()
    }

    private func writeBootsBetweenJumps(_ batch: ArraySlice<NodeReport>) async {
        // First: cards determine which node everything else belongs to.
        await writeCards(batch)
        let known = fleet.snapshot
        let events = batch.compactMap { report -> BootEvent? in
            if case .boot(let event) = report { event } else { nil }
        }
        for event in events {
            for line in lines.of(event, isNode: known.knows(event.macAddress)) { logger.info("\(line)") }
        }
        let attended = batch.compactMap { report -> AttendedBoot? in
            if case .attends(let boot) = report { boot } else { nil }
        }
        do {
            if !events.isEmpty || !attended.isEmpty {
                try await fleet.store.append(events, attended: attended)
                try await fleet.note(events)
                fleet.note(attended)
                // Not awaited: volumes take time.
                Task { [volumes] in await volumes.note(events) }
            }
        } catch {
            logger.error("\(events.count) reports of nodes were lost: \(ErrorText.of(error))")
        }
        await forget(batch)
    }

    private func writeCards(_ batch: ArraySlice<NodeReport>) async {
        let seen = batch.compactMap { report -> (card: MACAddress, machine: MachineUUID?)? in
            if case .card(let card, let machine) = report { (card, machine) } else { nil }
        }
        do { try await fleet.note(seen) } catch {
            logger.error(
                "cannot record the cards that \(seen.count) machines were seen with: \(ErrorText.of(error))"
            )
        }
    }

    private func forget(_ batch: ArraySlice<NodeReport>) async {
        let forgotten = batch.compactMap { report -> MACAddress? in
            if case .forgotten(let machine) = report { machine } else { nil }
        }
        do { try await fleet.forget(waiting: forgotten) } catch {
            logger.error("cannot remove \(forgotten.count) waiting machines: \(ErrorText.of(error))")
        }
    }

    // MARK: The other kinds

    private func writeAlarms(_ batch: [NodeReport]) async {
        for case .laterState(let revision) in batch { await noteLater(revision) }
        for case .refusal(let machine, let alarm) in batch {
            let name = fleet.snapshot.node(at: machine)?.name.text ?? machine.description
            logger.warning("\(name): \(alarm.summary)")
            do { try await fleet.note(alarm, of: machine) } catch {
                logger.error("the alarm of \(name) is kept in memory only: \(ErrorText.of(error))")
            }
        }
    }

    private func noteLater(_ revision: Int) async {
        do {
            if let lost = try await fleet.noteLater(revision) { logger.error("\(lost.warning)") }
        } catch {
            logger.error(
                "\(LostRevisions.what), up to revision \(revision), and that cannot be recorded: \(ErrorText.of(error))"
            )
        }
    }

    private func writeLogs(_ batch: [NodeReport]) {
        let lines = batch.compactMap { report -> NodeLogs.Line? in
            guard case .log(let machine, let at, let message) = report else { return nil }
            return NodeLogs.Line(machine: machine, at: at, message: message)
        }
        let known = fleet.snapshot
        logs.append(lines) { known.knows($0) }
        fleet.note(lines)
    }

    private func writeHardware(_ batch: [NodeReport]) async {
        var changed: [MACAddress: Hardware] = [:]
        for case .hardware(let machine, let json) in batch {
            do {
                let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json))
                if let known = try await fleet.store.save(hardware, of: machine) { changed[machine] = known }
            } catch {
                logger.error("cannot record the hardware of \(machine): \(ErrorText.of(error))")
            }
        }
        fleet.note(changed)
    }

    private func writeSessions(_ batch: [NodeReport]) {
        for case .sessions(let machine, let boot, let json) in batch {
            do {
                let told =
                    json.isEmpty
                    ? [] : try JSONDecoder().decode([NodeSessions.TellsSession].self, from: Data(json))
                fleet.note(told, of: machine, in: boot)
            } catch {
                logger.error("cannot read the sessions of \(machine): \(ErrorText.of(error))")
            }
        }
    }

    private func writeSteps(_ batch: [NodeReport]) async {
        var results: [PhaseResults] = []
        for case .steps(let machine, let boot, let phase, let isAddition, let json) in batch {
            do {
                let told = try JSONDecoder().decode([StepResult].self, from: Data(json))
                results.append(
                    PhaseResults(
                        machine: machine, boot: boot, phase: phase, told: told, isAddition: isAddition))
            } catch {
                logger.error("cannot read how the steps of \(machine) ended: \(ErrorText.of(error))")
            }
        }
        do { try await fleet.note(results) } catch {
            logger.error("\(results.count) reports of steps were lost: \(ErrorText.of(error))")
        }
    }

    /// What cannot be recorded does not go out: the nodes ask again.
    private func writeReceipts(_ batch: [NodeReport]) async {
        let sent = batch.compactMap { report -> SecretClaim? in
            if case .secretsSent(let claim) = report { claim } else { nil }
        }
        do { try await fleet.store.noteSent(sent) } catch {
            logger.error("cannot record that secrets of \(sent.count) nodes went out: \(ErrorText.of(error))")
        }
        // While its secrets are being minted, a node asks again.
        let claims = batch.compactMap { report -> SecretClaim? in
            if case .secrets(let claim) = report, !mints.isMinting(claim) { claim } else { nil }
        }
        do {
            let deliveries = try await fleet.store.claim(claims)
            for delivery in deliveries {
                let node = delivery.claim.node
                if !delivery.names.isEmpty {
                    logger.info(
                        "\(node): secrets for boot \(delivery.claim.boot): \(delivery.names.joined(separator: ", "))"
                    )
                }
                for name in delivery.unreadable {
                    logger.error(
                        "\(node) does not get secret \(name): its value is missing, or sealed with another key"
                    )
                }
            }
            await mints.deliver(deliveries)
        } catch {
            logger.error(
                "cannot record the secrets of \(claims.count) nodes, which wait: \(ErrorText.of(error))")
        }
    }

    /// What cannot be recorded binds nothing: the nodes ask again.
    private func writeTPMs(_ batch: [NodeReport]) async {
        let tpms = batch.compactMap { report -> BoundTPM? in
            if case .tpm(let tpm) = report { tpm } else { nil }
        }
        do {
            try await fleet.bind(tpms)
            for tpm in tpms { logger.info("\(tpm.node) is bound to its TPM \(tpm.tpm.short)") }
        } catch {
            logger.error(
                "cannot record the TPMs of \(tpms.count) nodes, which wait: \(ErrorText.of(error))")
        }
    }

    /// Not awaited: creating a volume takes time, and others would wait behind it.
    private func prepareVolumes(_ batch: [NodeReport]) {
        for case .volumeWanted(let machine, let address) in batch {
            Task { [volumes] in await volumes.prepare(machine, at: address) }
        }
    }

    private func writeRegistrations(_ batch: [NodeReport]) async {
        for case .registration(let machine, let registration) in batch {
            do {
                let isApproved = try await fleet.register(registration, of: machine)
                logger.info(
                    "boot: \(machine) named \(registration.name) on its screen\(isApproved ? ", and approved by PIN" : "")"
                )
            } catch {
                logger.warning("cannot register \(machine): \(ErrorText.of(error))")
            }
        }
    }
}
