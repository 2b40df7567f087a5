import Foundation
import Testing
import Wire

@testable import Fleet

/// Reports of machines are beside the configuration, and do not change it.
@Suite struct FleetObservationsTests {
    private let mac = MACAddress(rawValue: 0x5254_0000_0001)
    private let name: NodeName
    private let digest = Sample.digest("a")

    init() throws { name = try NodeName("pc-1") }

    private func snapshot() throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        contents.nodes[name] = Node(name: name, macAddresses: [mac])
        contents.rollouts[7] = try rollout()
        contents.volumes[name] = try volume(1)
        return FleetSnapshot(revision: 3, contents: contents)
    }

    private func rollout() throws -> Rollout {
        Rollout(
            id: 7, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "100%",
            terms: Rollout.Terms(), startedAt: 100, startedBy: "ann", canaries: [name])
    }

    private func volume(_ generation: Int) throws -> Volume {
        Volume(
            node: name, image: try ImageName("debian"), version: 1, digest: digest, byteCount: 64 << 20,
            createdAt: 0, generation: generation)
    }

    @Test func `a report rebuilds nothing of the configuration`() throws {
        let before = try snapshot()
        let hardware = try JSONDecoder().decode(
            Hardware.self, from: Data(#"{"memoryMebibytes":512}"#.utf8))
        var rollout = try rollout()
        rollout.note(.ready(after: 5), of: name, began: 1)
        let after = before.observing {
            $0.note([mac: hardware])
            $0.troubles[mac] = BootTrouble(version: digest, failedBoots: 1, lastBootAt: 1, detail: "")
            $0.progress[7] = rollout.progress
        }
        #expect(after.configuration === before.configuration)
        #expect(after.hardware(of: try #require(after.nodes[name])) == hardware)
        #expect(after.rollout(7)?.count(.ready) == 1 && before.rollout(7)?.count(.ready) == 0)
        #expect(after.rollout(of: rollout.image, .stable)?.count(.ready) == 1)
        #expect(before.observations == FleetObservations())
    }

    @Test func `an edit starts from the present state, and the records contain it from then on`() throws {
        var rollout = try rollout()
        rollout.note(.underWay, of: name, began: 1)
        let known = try snapshot().observing {
            $0.progress[7] = rollout.progress
            $0.volumes[name] = try volume(2)
        }
        #expect(known.volume(of: name)?.generation == 2 && known.volumes[name]?.generation == 2)
        let other = Node(name: try NodeName("pc-2"), macAddresses: [])
        let after = try known.applying([.node(other.name, other)], revision: 4)
        #expect(after.contents.volumes[name]?.generation == 2 && after.contents.rollouts[7] == rollout)
        #expect(after.observations.volumes.isEmpty && after.observations.progress.isEmpty)
        // An edit takes precedence over earlier observations.
        let reset = try known.applying([.volume(name, try volume(3))], revision: 4)
        #expect(reset.volume(of: name)?.generation == 3)
        #expect(try known.applying([.volume(name, nil)], revision: 4).volume(of: name) == nil)
    }

    @Test func `observations during a change are not lost`() throws {
        let before = try snapshot().observing { $0.volumes[name] = try volume(2) }
        let change = try before.checking([
            .node(NodeName("pc-2"), Node(name: NodeName("pc-2"), macAddresses: []))
        ])
        let second = try NodeName("pc-2")
        let meanwhile = try before.observing { $0.volumes[second] = try volume(9) }
        let next = FleetSnapshot(
            change.after.numbered(4).configuration, meanwhile.observations.since(before.observations))
        #expect(next.revision == 4)
        #expect(next.volume(of: name)?.generation == 2 && next.volume(of: second)?.generation == 9)
        #expect(next.observations.volumes.count == 1)
    }

    @Test func `nothing is kept beside the records for finished roll-outs`() throws {
        var rollout = try rollout()
        rollout.note(.underWay, of: name, began: 1)
        let known = try snapshot().observing { $0.progress[7] = rollout.progress }
        rollout.abort(because: "test", at: 9)
        let over = try known.applying([.rollout(rollout)], revision: 4)
        let next = FleetSnapshot(over.configuration, known.observations)
        #expect(next.rollout(7) == nil && next.observations.progress.isEmpty)
    }

    @Test func `a partitioned dictionary behaves like a dictionary, and copies are independent`() {
        var (parts, whole): (PartitionedDictionary<Int, Int>, [Int: Int]) = ([:], [:])
        for number in 0..<5_000 {
            let key = number * 7_919 % 3_001
            (parts[key], whole[key]) = (number, number)
            if number % 3 == 0 { (parts[key / 2], whole[key / 2]) = (nil, nil) }
        }
        #expect(Dictionary(uniqueKeysWithValues: parts.map { ($0.key, $0.value) }) == whole)
        #expect(parts.count == whole.count && Set(parts.keys) == Set(whole.keys) && !parts.isEmpty)
        let copy = parts
        let key = parts.keys.first { _ in true } ?? 0
        let taken = parts.removeValue(forKey: key)
        #expect(taken == whole[key] && parts[key] == nil && copy[key] == taken && copy != parts)
        parts.merge([key: 5])
        #expect(parts.filter { $1 == 5 && $0 == key }.count == 1 && parts.count == copy.count)
    }
}
