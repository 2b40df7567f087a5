import Foundation
import Testing
import Wire

@testable import Fleet

@Suite struct RolloutTests {
    private let mac = Sample.mac
    private let good = Sample.digest("a")
    private let new = Sample.digest("b")

    private func rollout(_ canaries: Int = 3, failures: Int = 0) throws -> Rollout {
        Rollout(
            id: 7, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(readyWithin: 300, trialSeconds: 1_800, allowedFailures: failures),
            startedAt: 1_000, startedBy: "test", canaries: try (1...canaries).map { try NodeName("pc-\($0)") }
        )
    }

    private func name(_ number: Int) throws -> NodeName { try NodeName("pc-\(number)") }

    @Test func `the channel moves when the time is over and the boots succeeded`() throws {
        var rollout = try rollout()
        rollout.note(.underWay, of: try name(1), began: 1_010_000)
        rollout.advance(to: 1_100_000)
        #expect(rollout.state == .running && rollout.count(.booting) == 1 && rollout.count(.waiting) == 2)
        rollout.note(.ready(after: 30_000), of: try name(1), began: 1_010_000)
        rollout.advance(to: 2_799_000)
        #expect(rollout.state == .running)
        rollout.advance(to: 2_800_000)
        #expect(rollout.state == .succeeded && rollout.endedAt == 2_800)
        #expect(rollout.reason == "1 of 3 canaries became ready")
    }

    @Test func `without a boot nothing is proven, and during one nothing is decided`() throws {
        var rollout = try rollout()
        rollout.advance(to: 99_000_000)
        #expect(rollout.state == .running)
        rollout.note(.ready(after: 1), of: try name(1), began: 98_000_000)
        rollout.note(.underWay, of: try name(2), began: 98_900_000)
        rollout.advance(to: 99_000_000)
        #expect(rollout.state == .running)
        rollout.note(.ready(after: 1), of: try name(2), began: 98_900_000)
        rollout.advance(to: 99_000_000)
        #expect(rollout.state == .succeeded)
    }

    @Test(arguments: ["slow", "silent", "said so"])
    func `one failed canary is enough`(how: String) throws {
        var rollout = try rollout()
        rollout.note(.underWay, of: try name(2), began: 2_000_000)
        switch how {
        case "slow": rollout.note(.ready(after: 301_000), of: try name(2), began: 2_000_000)
        case "said so": rollout.note(.failed("no init"), of: try name(2), began: 2_000_000)
        default: break
        }
        rollout.advance(to: 2_300_001)
        #expect(rollout.state == .failed && rollout.count(.failed) == 1)
        #expect(rollout.reason.hasPrefix("pc-2: "))
        #expect(!rollout.offers(to: try name(1)))
    }

    @Test func `a failed canary does not try again, the others continue within the allowance`() throws {
        var rollout = try rollout(failures: 1)
        rollout.note(.failed("kernel panic"), of: try name(1), began: 1_010_000)
        rollout.advance(to: 1_020_000)
        #expect(rollout.state == .running)
        let (failed, other) = (try name(1), try name(2))
        #expect(!rollout.offers(to: failed) && rollout.offers(to: other))
        rollout.note(.ready(after: 1), of: try name(1), began: 1_030_000)
        let first = try name(1)
        #expect(rollout.canary(first)?.outcome == .failed)
        rollout.note(.failed("kernel panic"), of: try name(3), began: 1_030_000)
        rollout.advance(to: 1_040_000)
        #expect(rollout.state == .failed && rollout.reason == "pc-1: kernel panic, and 1 more")
    }

    @Test func `while paused no new node gets the version, and the trial is not decided`() throws {
        var rollout = try rollout()
        rollout.note(.ready(after: 1), of: try name(1), began: 1_010_000)
        rollout.pause()
        let (ready, other) = (try name(1), try name(2))
        #expect(rollout.offers(to: ready) && !rollout.offers(to: other))
        rollout.advance(to: 99_000_000)
        #expect(rollout.state == .paused)
        rollout.resume(by: nil)
        rollout.advance(to: 99_000_000)
        #expect(rollout.state == .succeeded)
        rollout.abort(because: "late", at: 1)
        #expect(rollout.state == .succeeded)
    }

    @Test func `it is paused once those who began it may not publish any more`() throws {
        var ann = Administrator(name: "ann", grants: [Grant(.operator_)])
        let token = APIToken(
            id: 4, name: "ci", owner: "ann", grants: [Grant(.operator_)], createdAt: 1, expiresAt: nil)
        var access = AccessRecords()
        (access.administrators["ann"], access.tokens[4]) = (ann, token)
        func state(_ change: (inout AccessRecords) -> Void) throws -> Rollout.State {
            var rollout = try rollout()
            rollout.pause()
            rollout.resume(by: Leave(ann, token: token))
            var changed = access
            change(&changed)
            rollout.heed(changed)
            #expect(rollout.reason.isEmpty == (rollout.state == .running))
            return rollout.state
        }
        #expect(try state { _ in } == .running)
        #expect(try state { $0.administrators["ann"]?.isDisabled = true } == .paused)
        #expect(try state { $0.administrators["ann"]?.passwordNumber = 1 } == .paused)
        #expect(try state { $0.administrators["ann"]?.grants = [Grant(.auditor)] } == .paused)
        #expect(try state { $0.administrators["ann"]?.source = .ldap } == .paused)
        #expect(try state { $0.administrators["ann"] = nil } == .paused)
        #expect(try state { $0.tokens[4] = nil } == .paused)
        #expect(try state { $0.tokens[4]?.name = "other" } == .paused)
        #expect(try state { $0.administrators["ann"]?.fullName = "Ann" } == .running)
        // Root's on the server's host, and one of a former release.
        var (other, none) = (try rollout(), AccessRecords())
        ann.isDisabled = true
        none.administrators["ann"] = ann
        other.heed(none)
        #expect(other.state == .running)
        // It is stored with it, and without it.
        var kept = try rollout()
        kept.pause()
        kept.resume(by: Leave(ann, token: token))
        for one in [kept, other] {
            #expect(try JSONDecoder().decode(Rollout.self, from: JSONEncoder().encode(one)) == one)
        }
    }

    @Test func `a share is never empty, stays the same, and differs between roll-outs`() throws {
        let nodes = try (1...200).map { try Node(name: NodeName("pc-\($0)"), macAddresses: []) }
        let snapshot = FleetSnapshot.empty
        func canaries(_ percent: Double, _ id: Int) -> Set<NodeName> {
            Set(snapshot.canaries(.percent(percent), of: nodes, rollout: id))
        }
        #expect(canaries(0.1, 1).count == 1 && canaries(5, 1).count == 10 && canaries(100, 1).count == 200)
        #expect(canaries(5, 1) == canaries(5, 1) && canaries(5, 1) != canaries(5, 2))
        #expect(canaries(5, 1).isSubset(of: canaries(10, 1)))
        #expect(Rollout.Share("0%") == nil && Rollout.Share("101%") == nil && Rollout.Share("a b") == nil)
        #expect(Rollout.Share("2.5%") == .percent(2.5))
        let school = try GroupPath("/school")
        #expect(Rollout.Share("/school") == .group(school))
    }

    // MARK: Boots

    private func event(
        _ stage: BootStage, _ boot: String, at: Int, _ version: Digest? = nil, _ detail: String = ""
    ) -> BootEvent {
        BootEvent(boot: boot, macAddress: mac, stage: stage, at: at, detail: detail, version: version)
    }

    private func timeline(_ events: [BootEvent]) -> BootTimeline {
        BootTimeline(
            boot: events[0].boot, macAddress: mac,
            entries: events.map(BootTimeline.Entry.init),
            version: events.compactMap(\.version).last)
    }

    private func progress(_ events: [BootEvent]) -> BootProgress? { BootProgress(timeline(events)) }

    @Test func `a boot is judged by the events after it`() throws {
        let begun = progress([event(.dhcp, "1", at: 100), event(.kernel, "1", at: 200, new)])
        #expect(
            JudgedBoot(event(.script, "1", at: 150), before: progress([event(.dhcp, "1", at: 100)])) == nil)
        #expect(JudgedBoot(event(.root, "1", at: 900, new), before: begun)?.outcome == .underWay)
        #expect(JudgedBoot(event(.ready, "1", at: 900, new), before: begun)?.outcome == .ready(after: 800))
        #expect(
            JudgedBoot(event(.failed, "1", at: 900, new, "no init"), before: begun)?.outcome
                == .failed("no init"))
        let again = JudgedBoot(event(.dhcp, "2", at: 60_000), before: begun)
        #expect(again?.version == new && again?.startedAt == 100)
        #expect(again?.outcome == .failed("it restarted before it was ready; it had reached kernel"))
        // A long boot that never reported ready: its image cannot.
        #expect(JudgedBoot(event(.dhcp, "2", at: 16 * 60_000), before: begun) == nil)
        let ready = progress([event(.dhcp, "1", at: 100), event(.ready, "1", at: 200, new)])
        #expect(JudgedBoot(event(.dhcp, "2", at: 300), before: ready) == nil)
        let failed = progress([event(.kernel, "1", at: 100, new), event(.failed, "1", at: 200, new)])
        #expect(JudgedBoot(event(.failed, "1", at: 300, new, "again"), before: failed) == nil)
        #expect(JudgedBoot(event(.dhcp, "2", at: 300), before: failed) == nil)
    }

    @Test func `failed boots of one version are counted until one succeeds`() {
        func failed(_ version: Digest, _ at: Int) -> JudgedBoot {
            let before = progress([event(.dhcp, "1", at: at), event(.kernel, "1", at: at, version)])
            return JudgedBoot(event(.failed, "1", at: at + 5, version, "why"), before: before)!
        }
        var trouble: BootTrouble?
        for boot in 1...3 { trouble = BootTrouble.after(failed(new, boot * 1_000), before: trouble) }
        #expect(trouble?.failedBoots == 3 && trouble?.detail == "why")
        trouble = BootTrouble.after(failed(new, 3_000), before: trouble)
        #expect(trouble?.failedBoots == 3, "the same boot again")
        trouble = BootTrouble.after(failed(good, 4_000), before: trouble)
        #expect(trouble?.failedBoots == 1 && trouble?.version == good)
        let begun = progress([event(.kernel, "9", at: 100, good)])
        let ready = JudgedBoot(event(.ready, "9", at: 900, good), before: begun)
        #expect(ready.flatMap { BootTrouble.after($0, before: trouble) } == nil)
        trouble?.version = new
        #expect(ready.flatMap { BootTrouble.after($0, before: trouble) } == trouble)
    }

    @Test func `after a restart each machine is in its newest boot`() {
        var tracker = BootTracker()
        tracker.restore([
            timeline([event(.ready, "newest", at: 300, new)]),
            timeline([event(.ready, "older", at: 200, good)]),
        ])
        #expect(tracker.currentBoot(of: mac) == "newest")
        #expect(tracker.machine(ofBoot: "newest") == mac)
        let event = tracker.report(.failed, boot: "newest", machine: mac, at: 400, detail: "")
        #expect(event?.version == new)
    }

    @Test func `a configuration is sent to one key per boot, also across a restart of the server`() throws {
        let address = try #require(IPv4Address("10.77.0.5"))
        func delivery(_ byte: UInt8) -> ConfigurationDelivery {
            ConfigurationDelivery(address: address, publicKey: [UInt8](repeating: byte, count: 32))
        }
        var tracker = BootTracker()
        let first = tracker.note(.kernel, of: mac, at: 100, detail: "") { "one" }
        #expect(tracker.deliver(delivery(1), boot: "other", machine: mac, at: 200) == .otherBoot)
        guard case .first(let event) = tracker.deliver(delivery(1), boot: "one", machine: mac, at: 200) else {
            Issue.record("it was not delivered")
            return
        }
        #expect(event.stage == .delivered && event.detail.hasPrefix("to 10.77.0.5, sealed for key 0101"))
        #expect(event.delivery == delivery(1))
        #expect(tracker.progress(of: mac)?.stage == .delivered)
        var restarted = BootTracker()
        restarted.restore([timeline([try #require(first), event])])
        for var one in [tracker, restarted] {
            #expect(one.deliver(delivery(1), boot: "one", machine: mac, at: 300) == .repeated)
            #expect(one.deliver(delivery(2), boot: "one", machine: mac, at: 300) == .spent)
            _ = one.note(.dhcp, of: mac, at: 400_000, detail: "") { "two" }
            #expect(one.deliver(delivery(2), boot: "one", machine: mac, at: 400_001) == .otherBoot)
            #expect(one.deliver(delivery(1), boot: "two", machine: mac, at: 400_001) != .repeated)
        }
    }

    // MARK: The version to boot

    private func volume() throws -> Volume {
        Volume(
            node: try name(1), image: try ImageName("debian"), version: 1, digest: good, byteCount: 8 << 30,
            createdAt: 0, generation: 1)
    }

    /// - Parameter trouble: the results of the machine's last boots.
    private func snapshot(
        after trouble: BootTrouble? = nil, _ change: (inout FleetSnapshot.Contents) throws -> Void = { _ in }
    ) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        let versions = [1, 2].map { number in
            ImageVersion(
                image: image, number: number, digest: number == 1 ? good : new, publishedAt: 0,
                manifest: ImageManifest(
                    image: image, architecture: "amd64", kernelRelease: "6", system: "", files: [],
                    packages: [], origin: ""))
        }
        contents.images[image] = ImageCatalogue(name: image, versions: versions, channels: [.stable: 1])
        let node = Node(name: try name(1), macAddresses: [mac])
        contents.nodes[node.name] = node
        contents.groups[.site] = NodeGroup(path: .site, settings: ["image": .text("debian")])
        try change(&contents)
        return FleetSnapshot(revision: 1, contents: contents).observing { $0.troubles[mac] = trouble }
    }

    private func chosen(in snapshot: FleetSnapshot) throws -> Result<ChosenVersion, NoVersion> {
        let node = snapshot.node(at: mac)
        return chooseVersion(for: node, at: mac, snapshot.settings(of: node), in: snapshot)
    }

    @Test func `a canary gets the version on trial, and restarts by itself after a failure`() throws {
        let snapshot = try snapshot { $0.rollouts[7] = try? rollout() }
        let choice = try chosen(in: snapshot).get()
        #expect(choice.version.number == 2 && choice.because == "canary of roll-out 7")
        let plan = bootPlan(
            for: BootIdentity(macAddress: mac), in: snapshot, under: Sample.policy())
        #expect(plan.commandLine.contains("roost.deadline=300"))
        #expect(plan.commandLine.contains("roost.failure=reboot"))
        var failed = try rollout(failures: 5)
        failed.note(.failed("panic"), of: try name(1), began: 1)
        let after = try self.snapshot { $0.rollouts[7] = failed }
        #expect(try chosen(in: after).get().version.number == 1)
    }

    @Test func `a node that fails repeatedly is held, or boots the rescue image`() throws {
        let trouble = BootTrouble(version: good, failedBoots: 5, lastBootAt: 1, detail: "no init")
        let held = try snapshot(after: trouble)
        guard case .failure(let problem) = try chosen(in: held) else {
            Issue.record("it boots")
            return
        }
        #expect(problem.text.english.contains("held after 5 failed boots of debian@1 (no init)"))
        #expect(problem.text.english.contains("roost node release pc-1"))
        #expect(held.trouble(holding: try #require(held.node(at: mac))) == trouble)
        let rescued = try snapshot(after: trouble) {
            $0.groups[.site]?.settings["rescue-image"] = .text("debian@2")
        }
        #expect(try chosen(in: rescued).get().version.number == 2)
        // Another version gets another chance.
        let debian = try ImageName("debian")
        let promoted = try snapshot(after: trouble) {
            $0.images[debian]?.channels[.stable] = 2
        }
        #expect(try chosen(in: promoted).get().version.number == 2)
    }

    @Test(arguments: [
        (["root-mode": "persistent"], false), (["root-mode": "persistent", "volume-policy": "reset"], false),
        (["root-mode": "persistent", "volume-policy": "follow"], true),
        (["root-mode": "nfs", "nfs-root": "own", "volume-policy": "follow"], false),
        (["root-mode": "ram"], true),
    ])
    func `a node that keeps its root over the version, or would lose it to a trial, is not a canary`(
        settings: [String: String], isCanary: Bool
    ) throws {
        let snapshot = try snapshot {
            $0.groups[.site]?.settings.merge(settings.mapValues { .text($0) }) { $1 }
            $0.rollouts[7] = try? rollout()
            $0.volumes = try [name(1): volume()]
        }
        let followers = snapshot.followers(of: try ImageName("debian"), .stable)
        #expect(followers.count == 1)
        #expect(snapshot.canaries(.percent(100), of: followers, rollout: 7).isEmpty == !isCanary)
        if settings["root-mode"] != "nfs" {
            #expect(try chosen(in: snapshot).get().version.number == (isCanary ? 2 : 1))
        }
    }

    @Test func `a rescue image boots without the node's stored data`() throws {
        func words(_ settings: [String: SettingValue]) throws -> [String] {
            let trouble = BootTrouble(version: good, failedBoots: 5, lastBootAt: 1, detail: "no init")
            let snapshot = try snapshot(after: trouble) {
                $0.groups[.site]?.settings.merge(settings) { $1 }
                $0.groups[.site]?.settings["rescue-image"] = .text("debian@2")
                $0.volumes = try [name(1): volume()]
            }
            let plan = bootPlan(
                for: BootIdentity(macAddress: mac, boot: "1"), in: snapshot, under: Sample.policy())
            #expect(plan.reasons.contains { $0.because.english.hasSuffix("rescue image") })
            return plan.commandLine
        }
        for settings: [String: SettingValue] in [
            ["root-mode": .text("persistent"), "persistent-directories": .list(["/srv"])],
            ["persistent-directories": .list(["/srv"])],
        ] {
            let line = try words(settings)
            #expect(line.contains("roost.root=nbd"))
            #expect(
                !line.contains { $0.hasPrefix("roost.volume") || $0.hasPrefix("roost.persist") }, "\(line)")
        }
        #expect(
            try words(["persistent-directories": .list(["/srv"]), "root-mode": .text("ram")]).contains(
                "roost.root=ram"))
    }

    @Test func `a node held with the version that its volume was made over is recognised as held`() throws {
        let trouble = BootTrouble(version: good, failedBoots: 5, lastBootAt: 1, detail: "no init")
        let snapshot = try snapshot(after: trouble) {
            $0.groups[.site]?.settings["root-mode"] = .text("persistent")
            $0.images[try ImageName("debian")]?.channels[.stable] = 2
            $0.volumes = try [name(1): volume()]
        }
        guard case .failure = try chosen(in: snapshot) else {
            Issue.record("it boots")
            return
        }
        #expect(snapshot.trouble(holding: try #require(snapshot.node(at: mac))) == trouble)
    }

    @Test func `the next version of a node considers trials, failed boots and volumes`() throws {
        func next(
            after trouble: BootTrouble? = nil, _ change: (inout FleetSnapshot.Contents) throws -> Void
        ) throws -> Int? {
            let snapshot = try snapshot(after: trouble, change)
            return try snapshot.nextVersion(of: #require(snapshot.node(at: mac)))?.number
        }
        let debian = try ImageName("debian")
        let trouble = BootTrouble(version: good, failedBoots: 5, lastBootAt: 1, detail: "no init")
        #expect(try next { _ in } == 1)
        #expect(try next { $0.rollouts[7] = try rollout() } == 2)
        #expect(try next(after: trouble) { _ in } == nil)
        #expect(
            try next(after: trouble) {
                $0.groups[.site]?.settings["rescue-image"] = .text("debian@2")
            } == 2)
        func promoted(_ policy: String?, hasVolume: Bool) throws -> Int? {
            try next {
                $0.groups[.site]?.settings["root-mode"] = .text("persistent")
                $0.groups[.site]?.settings["volume-policy"] = policy.map { .text($0) }
                $0.images[debian]?.channels[.stable] = 2
                if hasVolume { $0.volumes = try [name(1): volume()] }
            }
        }
        #expect(try promoted(nil, hasVolume: true) == 1)
        #expect(try promoted("follow", hasVolume: true) == 2)
        let stranger = try #require(MACAddress("52:54:00:00:00:99"))
        let unknown = Node(name: NodeName(unknown: stranger), macAddresses: [stranger])
        #expect(try snapshot { $0.rollouts[7] = try rollout() }.nextVersion(of: unknown)?.number == 1)
        // Its volume is created when it boots.
        #expect(try promoted("reset", hasVolume: true) == 2)
        #expect(try promoted(nil, hasVolume: false) == 2)
    }

    @Test func `a channel on trial cannot be moved manually`() throws {
        let snapshot = try snapshot { $0.rollouts[7] = try? rollout() }
        let image = try ImageName("debian")
        #expect(throws: StoreError.self) {
            try snapshot.applying([.channel(image, .stable, 2)], revision: 2)
        }
        var over = try rollout()
        over.abort(because: "test", at: 1)
        _ = try snapshot.applying([.rollout(over), .channel(image, .stable, 2)], revision: 2)
    }
}
