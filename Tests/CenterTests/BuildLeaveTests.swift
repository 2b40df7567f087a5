import API
import Fleet
import Testing
import Wire

@testable import Center

/// Builds and boot tests take minutes: they end with the leave of the account that ordered them.
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
