import Testing
import Wire

@testable import Fleet

/// What boots in a row say about a version on a machine.
@Suite struct BootTroubleTests {
    private static let version = Sample.digest("a")

    private func event(
        _ boot: String, _ stage: BootStage, at: Int, _ version: Digest? = version, detail: String = ""
    ) -> BootEvent {
        BootEvent(
            boot: boot, macAddress: Sample.mac, stage: stage, at: at, detail: detail, version: version)
    }

    private func progress(_ stage: BootStage, at start: Int = 0, _ version: Digest? = version) -> BootProgress
    {
        BootProgress(boot: "one", startedAt: start, stage: stage, version: version)
    }

    @Test func `a boot is judged once it has a kernel of a version, and its end counts once`() {
        #expect(JudgedBoot(event("one", .script, at: 5), before: progress(.dhcp)) == nil)
        #expect(JudgedBoot(event("one", .kernel, at: 5, nil), before: progress(.script, nil)) == nil)
        #expect(JudgedBoot(event("one", .root, at: 5), before: progress(.network))?.outcome == .underWay)
        #expect(
            JudgedBoot(event("one", .ready, at: 900), before: progress(.handover, at: 100))?.outcome
                == .ready(after: 800))
        let failed = event("one", .failed, at: 900, detail: "no root")
        #expect(JudgedBoot(failed, before: progress(.network))?.outcome == .failed("no root"))
        #expect(JudgedBoot(failed, before: progress(.failed)) == nil)
    }

    @Test func `a new boot within a quarter of an hour means that the former one failed`() throws {
        let next = event("two", .dhcp, at: 60_000, nil)
        let judged = try #require(JudgedBoot(next, before: progress(.network)))
        #expect(judged.version == Self.version && judged.startedAt == 0)
        #expect(judged.outcome == .failed("it restarted before it was ready; it had reached network"))
        #expect(JudgedBoot(next, before: progress(.ready)) == nil)
        #expect(JudgedBoot(next, before: progress(.script)) == nil)
        let later = event("two", .dhcp, at: JudgedBoot.restartWindow, nil)
        #expect(JudgedBoot(later, before: progress(.network)) == nil)
    }

    @Test func `failures in a row are counted by boots, and end when that version is ready`() throws {
        func judged(_ boot: String, at start: Int, _ stage: BootStage, _ version: Digest) throws -> JudgedBoot
        {
            try #require(
                JudgedBoot(
                    event(boot, stage, at: start + 5, version),
                    before: BootProgress(boot: boot, startedAt: start, stage: .network, version: version)))
        }
        let one = try judged("one", at: 0, .failed, Self.version)
        let first = BootTrouble.after(one, before: nil)
        #expect(first?.failedBoots == 1)
        // It failed, and was then restarted: one failure.
        #expect(BootTrouble.after(one, before: first)?.failedBoots == 1)
        let second = BootTrouble.after(try judged("two", at: 100, .failed, Self.version), before: first)
        #expect(second?.failedBoots == 2)
        let other = Sample.digest("b")
        let rescued = try judged("three", at: 200, .ready, other)
        #expect(BootTrouble.after(rescued, before: second) == second)
        #expect(
            BootTrouble.after(try judged("four", at: 300, .failed, other), before: second)?.failedBoots == 1)
        #expect(
            BootTrouble.after(try judged("five", at: 400, .ready, Self.version), before: second) == nil)
    }
}
