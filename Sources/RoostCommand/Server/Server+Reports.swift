import Center
import Fleet
import Foundation
import Logging
import Services
import Wire

extension Server {
    /// Writes what the nodes report: the boot events of a batch in one transaction.
    static func record(
        _ reports: ReportQueue, in fleet: LiveFleet, _ volumes: Volumes, _ logs: NodeLogs
    ) async {
        await reports.drain { batch, dropped in
            if dropped > 0 {
                ServerLog.logger.error("\(dropped) reports of nodes are lost: the database is too slow")
            }
            var events: [BootEvent] = []
            for case .boot(let event) in batch {
                events.append(event)
                let detail = event.detail.isEmpty ? "" : ": \(event.detail)"
                log("boot: \(event.macAddress) \(event.stage.rawValue)\(detail)")
            }
            do {
                try await fleet.store.append(events)
                try await fleet.note(events)
                // Not waited for, as below.
                Task { await volumes.note(events) }
            } catch {
                ServerLog.logger.error("\(events.count) reports of nodes are lost: \(ErrorText.of(error))")
            }
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
            var changed: [MACAddress: Hardware] = [:]
            for case .hardware(let machine, let json) in batch {
                do {
                    let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json))
                    if let known = try await fleet.store.save(hardware, of: machine) {
                        changed[machine] = known
                    }
                } catch {
                    ServerLog.logger.error(
                        "the hardware of \(machine) is not recorded: \(ErrorText.of(error))")
                }
            }
            fleet.note(changed)
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
}
