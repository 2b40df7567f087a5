import API
import Fleet
import Foundation
import Glibc
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import Center

/// Text from machines in every field that they can fill, at every place where it is shown.
@Suite struct HostileTextTests {
    private static let admin = Person(role: .admin, place: .site)

    @Test func `a machine's text is only text at every place, whatever it contains`() async throws {
        let fleet = try await SmallFleet()
        let rows = MatrixRow.all.filter { $0.method == "GET" && $0.path != "/api/v1/events" }
        var shownCount = 0
        for (number, hostile) in HostileText.all.enumerated() {
            var machine = HostileMachine(hostile)
            try await say(&machine, in: fleet, boot: number)
            var missing = Set(machine.marks)
            for row in rows {
                let path = row.filled(row.path, in: .school, of: fleet)
                let answer = try await fleet.ask(
                    "GET", path, headers: [.authorization: "Bearer \(Self.admin.token)"],
                    from: "192.0.2.\(number)")
                #expect(row.statuses.contains(answer.status), "\(hostile.testDescription) \(path)")
                Self.check(answer, "\(hostile.testDescription) \(path)")
                missing = missing.filter { !answer.body.has($0) }
                shownCount += 1
            }
            for path in ["/nodes.csv", "/nodes/inventory?format=csv", "/nodes/inventory?format=glpi"] {
                let answer = try await fleet.ask(
                    "GET", path, headers: [.authorization: "Bearer \(Self.admin.token)"],
                    from: "192.0.2.\(number)")
                #expect(answer.status == 200)
                Self.check(answer, "\(hostile.testDescription) \(path)")
            }
            // Text that is shown nowhere would not be tested.
            #expect(missing.isEmpty, "\(hostile.testDescription): not shown: \(missing.sorted())")
        }
        print("hostile text: \(shownCount) answers")
        #expect(shownCount > 30 * HostileText.all.count)
    }

    @Test func `an event is one message of its stream and one body of a hook, whatever it contains`()
        async throws
    {
        let fleet = try await SmallFleet()
        let events = HostileText.all.map {
            ServerEvent(kind: .log, node: try? NodeName("pc-1"), group: .site, text: $0.text)
        }
        let last = ServerEvent(kind: .build, text: "the end")
        let stream = try await fleet.told(events + [last], to: Self.admin, until: "the end")
        let lines = stream.split(separator: "\n", omittingEmptySubsequences: true)
        for line in lines {
            #expect(["id: ", "event: ", "data: {", ": pulse"].contains { line.hasPrefix($0) }, "\(line)")
            #expect(!line.unicodeScalars.contains(where: PlainText.isControl))
        }
        #expect(lines.count { $0.hasPrefix("data: ") } == events.count + 1)
        for event in events {
            let body = String(decoding: try JSONEncoder().encode(event), as: UTF8.self)
            #expect(!body.unicodeScalars.contains(where: PlainText.isControl))
        }
    }

    /// All texts of a machine in one boot, through each of its ways in.
    private func say(_ machine: inout HostileMachine, in fleet: SmallFleet, boot number: Int) async throws {
        let mac = try #require(MACAddress(Place.school.macAddress))
        let (live, boot) = (fleet.services.fleet, "00000000000\(10_000 + number)")
        let hardware = try machine.record(HostileMachine.hardware, Hardware.self)
        if let known = try await live.store.save(hardware, of: mac) { live.note([mac: known]) }
        let version = live.snapshot.images.values.first?.versions.first?.digest
        let stages = BootStage.allCases.filter { $0 != .ready }
        let events = stages.enumerated().map { index, stage in
            BootEvent(
                boot: boot, macAddress: mac, stage: stage, at: Clock.millisecond + index,
                detail: machine.text(of: "BootEvent.\(stage)"), version: version)
        }
        try await live.store.append(events)
        try await live.note(events)
        live.note(
            [try machine.record(HostileMachine.session, NodeSessions.TellsSession.self)], of: mac, in: boot)
        let step = StepResult(
            name: machine.text(of: "StepResult.name", isCut: true), outcome: .failed,
            output: [machine.text(of: "StepResult.output")])
        try await live.note([PhaseResults(machine: mac, boot: boot, phase: .late, told: [step])])
        let log = LogMessage(parsing: Array(machine.text(of: "LogMessage", isCut: true).utf8).span)
        fleet.services.logs.append([NodeLogs.Line(machine: mac, at: Clock.millisecond, message: log)])
        live.note([NodeLogs.Line(machine: mac, at: Clock.millisecond, message: log)])
        try lease(machine.text(of: "DHCP host name", isCut: true), to: mac, in: fleet)
        let timeline = try #require(live.boot(of: mac))
        try await live.store.save(
            BootTest(
                image: try ImageName("debian"), version: 1, at: 1, isPassed: false,
                detail: machine.text(of: "BootTest.detail"), timeline: timeline,
                console: machine.text(of: "BootTest.console")))
    }

    /// A lease for a machine that names itself, as the server makes it from the packet.
    private func lease(_ name: String, to mac: MACAddress, in fleet: SmallFleet) throws {
        let network = try #require(IPv4Network("10.77.0.0/24"))
        let pool = network.hosts.upperBound...network.hosts.upperBound
        let subnet = DHCPSubnet(network: network, server: network.hosts.lowerBound, pools: [pool])
        var server = DHCPServer(
            links: [DHCPLink(interface: "br0", subnets: [subnet])], reservations: [], leases: [])
        var message = DHCPMessage(transaction: 1, from: mac)
        message.options.set(.messageType, to: .request)
        message.options.set(.requestedAddress, to: pool.upperBound)
        message.options.set(.serverIdentifier, to: network.hosts.lowerBound)
        message.options.set(.hostName, to: name)
        message.options.set(.vendorClass, to: name)
        var bytes: [UInt8] = []
        message.write(to: &bytes)
        var wire = bytes.span
        let outcome = server.handle(
            try DHCPMessage(parsing: &wire), on: "br0", now: 1, snapshot: .empty,
            policy: BootPolicy(server: .any, loaders: [], nodeArchives: [:]))
        let lease = try #require(outcome.lease)
        fleet.leases.all.withLock { $0 = [lease] }
    }

    // MARK: Places

    private static func check(_ answer: SmallFleet.Answer, _ place: String) {
        let controls = answer.body.unicodeScalars.filter {
            PlainText.isControl($0) && $0 != "\n" && $0 != "\t"
        }
        switch answer.headers[.contentType] ?? "" {
        case let type where type.hasPrefix("text/html"):
            #expect(controls.isEmpty, "\(place): \(controls.map(\.value))")
            for raw in ["<script>alert", "<b>&amp;{{", "<\u{301}", "\"\u{301}", "'\u{301}", "\" \\ onx"] {
                #expect(!answer.body.has(raw), "\(place): \(raw)")
            }
        case let type where type.contains("json"):
            #expect(controls.isEmpty, "\(place): \(controls.map(\.value))")
            #expect(throws: Never.self, "\(place)") {
                try JSONSerialization.jsonObject(with: Data(answer.body.utf8), options: .fragmentsAllowed)
            }
        case let type where type.hasPrefix("text/csv"):
            check(csv: answer.body, place)
        default:
            #expect(controls.isEmpty, "\(place): \(controls.map(\.value))")
            guard place.contains("metrics") || place.contains("known_hosts") else { return }
            // Made once: each use of a literal would compile it again.
            let metric = /#.*|[a-z0-9_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? [0-9.e+-]+/
            let key = /[a-z0-9.,-]+ ssh-ed25519 [A-Za-z0-9-]+/
            for line in answer.body.split(separator: "\n") {
                #expect(
                    line.wholeMatch(of: metric) != nil || line.wholeMatch(of: key) != nil,
                    "\(place): \(line)")
            }
        }
    }

    /// Rows of equal length, parsed byte by byte by RFC 4180, without a cell that a spreadsheet would evaluate.
    private static func check(csv: String, _ place: String) {
        var (rows, row, cell, isQuoted) = ([[String]](), [String](), [UInt8](), false)
        var rest = Array(csv.utf8)[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "\"") where isQuoted && rest.first == byte: cell.append(rest.removeFirst())
            case UInt8(ascii: "\""): isQuoted.toggle()
            case UInt8(ascii: ",") where !isQuoted:
                row.append(String(decoding: cell, as: UTF8.self))
                cell = []
            case 0x0D where !isQuoted && rest.first == 0x0A:
                rest.removeFirst()
                rows.append(row + [String(decoding: cell, as: UTF8.self)])
                (row, cell) = ([], [])
            default: cell.append(byte)
            }
        }
        #expect(row.isEmpty && cell.isEmpty && !isQuoted, "\(place)")
        #expect(rows.count > 1, "\(place)")
        for one in rows {
            #expect(one.count == rows[0].count, "\(place): \(one)")
            for cell in one {
                #expect(!cell.unicodeScalars.contains(where: PlainText.isControl), "\(place): \(cell)")
                let first = cell.unicodeScalars.first { !$0.properties.isWhitespace }
                #expect(first.map { "=+-@\u{FF1D}".unicodeScalars.contains($0) } != true, "\(place): \(cell)")
            }
        }
    }
}

extension String {
    /// Whether it contains these bytes: Foundation compares equivalent letters, and takes ten times as long.
    fileprivate func has(_ part: String) -> Bool {
        var (whole, part) = (self, part)
        return whole.withUTF8 { whole in
            part.withUTF8 { part in
                guard let start = whole.baseAddress, let sought = part.baseAddress else {
                    return part.isEmpty
                }
                var offset = 0
                while whole.count - offset >= part.count {
                    let found = unsafe memchr(
                        start + offset, Int32(part[0]), whole.count - offset - part.count + 1)
                    guard let found = unsafe found else { return false }
                    offset = unsafe UnsafeRawPointer(found) - UnsafeRawPointer(start)
                    if unsafe memcmp(start + offset, sought, part.count) == 0 { return true }
                    offset += 1
                }
                return false
            }
        }
    }
}
