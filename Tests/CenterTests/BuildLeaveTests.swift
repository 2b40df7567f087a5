import API
import Fleet
import Testing
import Wire

@testable import Center

/// Builds, boot tests and roll-outs take minutes or days: they end with the leave of the account that ordered them.
@Suite struct BuildLeaveTests {
    private static let person = Person(role: .operator_, place: .site)

    private static func disable(_ isDisabled: Bool, in fleet: LiveFleet) async throws {
        try await fleet.change(by: "test") { current in
            var account = try #require(current.contents.access.administrators[person.name])
            account.isDisabled = isDisabled
            return [.administrator(account.name, account)]
        }
    }

    @Test func `a channel moves only while the account that ordered the boot test may move it`() async throws
    {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let image = try ImageName("debian")
        let account = try #require(fleet.snapshot.contents.access.administrators[Self.person.name])
        let first = try #require(fleet.snapshot.images[image]?.versions.first)
        let order = ImageBuildOrder(build: 9, image: image.text, suite: "", packages: [])
        let build = ImageBuilds.Build(
            order: order, by: account.name, maker: Maker(account: account), startedAt: 0)
        let test = ImageBuilds.Build.Test(version: first, withinSeconds: 10, channel: .stable)
        let before = fleet.snapshot.images[image]?.channels[.stable]
        #expect(before != first.number)

        try await Self.disable(true, in: fleet)
        await #expect(throws: StoreError.self) { try await services.builds.promote(test, of: build) }
        #expect(fleet.snapshot.images[image]?.channels[.stable] == before)

        try await Self.disable(false, in: fleet)
        try await services.builds.promote(test, of: build)
        #expect(fleet.snapshot.images[image]?.channels[.stable] == first.number)
    }

    /// A roll-out to the channel that the nodes follow, by an account of the whole site, and what its first canary shows.
    private static func rollout(in services: CenterServices) async throws -> (id: Int, ready: JudgedBoot) {
        let fleet = services.fleet
        for other in fleet.snapshot.rollouts.values {
            _ = try await fleet.steer(other.id, by: "test") { $0.abort(because: "", at: 1) }
        }
        let caller = Caller(
            name: person.name, grants: [Grant(.operator_)], proof: .localSocket, account: person.name)
        let answer = try await Acts(services: services, caller: caller).startRollout(
            RolloutRequest(version: "2", share: "100%", trialSeconds: 0), of: ImageName("debian"),
            to: try #require(ChannelName("trial")))
        let node = try #require(
            fleet.snapshot.rollout(answer.id)?.canaries.first.flatMap { fleet.snapshot.nodes[$0.node] })
        let version = try #require(fleet.snapshot.images[answer.image]?.version(.number(2)))
        let event = BootEvent(
            boot: "00000000000000aa", macAddress: try #require(node.macAddresses.first), stage: .ready,
            at: Clock.millisecond, detail: "", version: version.digest)
        return (answer.id, try #require(JudgedBoot(event, before: nil)))
    }

    @Test func `a roll-out is paused with the leave of its account, and goes on by that of others`()
        async throws
    {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let (id, ready) = try await Self.rollout(in: services)
        try await fleet.pauseRolloutsWithoutLeave()
        #expect(try await fleet.rollout(id).state == .running)
        try await Self.disable(true, in: fleet)
        try await fleet.pauseRolloutsWithoutLeave()
        let paused = try await fleet.rollout(id)
        #expect(paused.state == .paused && paused.reason.contains("\(Self.person.name) was disabled"))
        try await fleet.judge([ready])
        try await fleet.advanceRollouts()
        #expect(try await fleet.rollout(id).state == .paused)
        // Another one answers for it now, and it is not paused again.
        _ = try await Acts(services: services, caller: .local).steerRollout(id, "resume")
        try await fleet.pauseRolloutsWithoutLeave()
        try await fleet.advanceRollouts()
        let over = try await fleet.rollout(id)
        #expect(over.state == .succeeded, "\(over.reason)")
        #expect(fleet.snapshot.images[over.image]?.channels[over.channel] == 2)
    }

    @Test func `a roll-out moves no channel in the moment in which its account is disabled`() async throws {
        let services = try await SmallFleet().services
        let fleet = services.fleet
        let (id, ready) = try await Self.rollout(in: services)
        try await Self.disable(true, in: fleet)
        try await fleet.judge([ready])
        let rollout = try await fleet.rollout(id)
        #expect(rollout.state == .paused)
        #expect(fleet.snapshot.images[rollout.image]?.channels[rollout.channel] != 2)
    }

    @Test func `what was built is published only while the account that ordered it may publish`() async throws
    {
        let services = try await SmallFleet().services
        // The one that runs.
        for build in await services.builds.all { try await services.builds.cancel(build.id) }
        let caller = Caller(
            name: Self.person.name, grants: [Grant(.operator_)], proof: .localSocket,
            account: Self.person.name)
        let acts = Acts(services: services, caller: caller)
        let build = try await acts.startBuild(of: ImageName("fresh"), BuildRequest(suite: "bookworm"))
        try await Self.disable(true, in: services.fleet)
        let digest = try #require(Digest(String(repeating: "7", count: 64)))
        await services.builds.receive(ImageBuildMessage(build: build.id, digest: digest))
        let ended = try await services.builds.build(build.id)
        #expect(ended.state == .failed)
        #expect(ended.failure?.contains("nothing was changed") == true)
    }
}
