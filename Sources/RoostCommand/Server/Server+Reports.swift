import Center
import Fleet
import Foundation
import HTTPClient
import Logging
import Services
import Wire

extension Server {
    /// Writes what the nodes report: the boot events of a batch in one transaction.
    static func record(
        _ reports: ReportQueue, in fleet: LiveFleet, _ volumes: Volumes, _ logs: NodeLogs,
        _ certificates: CertificateRenewal
    ) async {
        let lines = BootLines()
        await reports.drain { batch, dropped in
            if dropped > 0 {
                ServerLog.logger.error("\(dropped) reports of nodes are lost: the database is too slow")
            }
            var rest = batch[...]
            while let (index, jump) = firstJump(in: rest) {
                await write(rest[..<index], in: fleet, volumes, logs, lines)
                await move(fleet, with: jump)
                // Not waited for: a new key takes a moment.
                Task { await certificates.renew() }
                rest = rest[(index + 1)...]
            }
            await write(rest, in: fleet, volumes, logs, lines)
        }
    }

    private static func firstJump(in reports: ArraySlice<NodeReport>) -> (Int, ClockJump)? {
        for (index, report) in zip(reports.indices, reports) {
            if case .clock(let jump) = report { return (index, jump) }
        }
        return nil
    }

    private static func move(_ fleet: LiveFleet, with jump: ClockJump) async {
        ServerLog.logger.warning("clock: it was set \(jump); what is kept by it has moved with it")
        do { try await fleet.move(with: jump) } catch {
            ServerLog.logger.error(
                "clock: log-ins, tokens and boots keep the times of before: \(ErrorText.of(error))")
        }
    }

    private static func write(
        _ batch: ArraySlice<NodeReport>, in fleet: LiveFleet, _ volumes: Volumes, _ logs: NodeLogs,
        _ lines: BootLines
    ) async {
        // First: by them it is known whose all the rest is.
        await writeCards(batch, in: fleet)
        await writeBoots(batch, in: fleet, volumes, lines)
        for case .refusal(let machine, let alarm) in batch {
            let name = fleet.snapshot.node(at: machine)?.name.text ?? machine.description
            ServerLog.logger.warning("\(name): \(alarm.summary)")
            fleet.note(alarm, of: machine)
        }
        var lines: [NodeLogs.Line] = []
        for case .log(let machine, let at, let message) in batch {
            lines.append(NodeLogs.Line(machine: machine, at: at, message: message))
        }
        if !lines.isEmpty {
            let known = fleet.snapshot
            logs.append(lines) { known.knows($0) }
            fleet.note(lines)
        }
        await writeHardware(batch, in: fleet)
        for case .sessions(let machine, let boot, let json) in batch {
            do {
                let told =
                    json.isEmpty
                    ? [] : try JSONDecoder().decode([NodeSessions.TellsSession].self, from: Data(json))
                fleet.note(told, of: machine, in: boot)
            } catch {
                ServerLog.logger.error("the sessions of \(machine) are not known: \(ErrorText.of(error))")
            }
        }
        let forgotten = batch.compactMap { report -> MACAddress? in
            if case .forgotten(let machine) = report { machine } else { nil }
        }
        do { try await fleet.forget(waiting: forgotten) } catch {
            ServerLog.logger.error(
                "\(forgotten.count) machines that wait are not forgotten: \(ErrorText.of(error))")
        }
        // Not waited for: making one takes a while, and others have something to say.
        for case .volumeWanted(let machine, let address) in batch {
            Task { await volumes.prepare(machine, at: address) }
        }
        await writeRegistrations(batch, in: fleet)
    }

    private static func writeCards(_ batch: ArraySlice<NodeReport>, in fleet: LiveFleet) async {
        let seen = batch.compactMap { report -> (card: MACAddress, machine: MachineUUID?)? in
            if case .card(let card, let machine) = report { (card, machine) } else { nil }
        }
        do { try await fleet.note(seen) } catch {
            ServerLog.logger.error(
                "the cards that \(seen.count) machines were seen with are not recorded: \(ErrorText.of(error))"
            )
        }
    }

    private static func writeBoots(
        _ batch: ArraySlice<NodeReport>, in fleet: LiveFleet, _ volumes: Volumes, _ lines: BootLines
    ) async {
        var events: [BootEvent] = []
        let known = fleet.snapshot
        for case .boot(let event) in batch {
            events.append(event)
            for line in lines.of(event, isNode: known.knows(event.macAddress)) { log(line) }
        }
        do {
            try await fleet.store.append(events)
            try await fleet.note(events)
            // Not waited for: volumes take their time.
            Task { [events] in await volumes.note(events) }
        } catch {
            ServerLog.logger.error("\(events.count) reports of nodes are lost: \(ErrorText.of(error))")
        }
    }

    private static func writeHardware(_ batch: ArraySlice<NodeReport>, in fleet: LiveFleet) async {
        var changed: [MACAddress: Hardware] = [:]
        for case .hardware(let machine, let json) in batch {
            do {
                let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json))
                if let known = try await fleet.store.save(hardware, of: machine) {
                    changed[machine] = known
                }
            } catch {
                ServerLog.logger.error("the hardware of \(machine) is not recorded: \(ErrorText.of(error))")
            }
        }
        fleet.note(changed)
    }

    private static func writeRegistrations(_ batch: ArraySlice<NodeReport>, in fleet: LiveFleet) async {
        for case .registration(let machine, let registration) in batch {
            do {
                let isApproved = try await fleet.register(registration, of: machine)
                log(
                    "boot: \(machine) named \(registration.name) on its screen\(isApproved ? ", and approved by PIN" : "")"
                )
            } catch {
                ServerLog.logger.warning("\(machine) is not registered: \(ErrorText.of(error))")
            }
        }
    }
}
