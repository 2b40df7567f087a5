import Testing
import Wire

/// Whole transfers over links that lose, copy, delay and reorder packets, by a seed. The test controls the clock: nothing sleeps.
@Suite struct TFTPLossyLinkTests {
    /// Random numbers from a seed (SplitMix64).
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var value = state
            value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
            value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
            return value ^ value >> 31
        }

        /// True this many times in a hundred.
        mutating func happens(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    }

    /// What a link does to packets; times in milliseconds.
    private struct Link {
        var lossPercent = 0
        var copyPercent = 0
        var delay = 1...1
        /// Time that a block takes to reach the client; 0: none.
        var millisecondsForBlock = 0
        /// Nothing gets through during this time.
        var outage = 0..<0
    }

    private enum Packet {
        case request
        case options
        case block(Int)
        case acknowledgement(UInt16)
    }

    /// A client that follows RFC 1350 and RFC 7440.
    private struct Client {
        let blockCount: Int
        let windowBlockCount: Int
        /// Whether it complains about each block out of order, or only once.
        var complainsOften = false
        var timeout = 4_000
        private(set) var isAnswered = false
        private(set) var received = 0
        private var acknowledged = 0
        private var hasComplained = false

        init(blockCount: Int, windowBlockCount: Int) {
            (self.blockCount, self.windowBlockCount) = (blockCount, windowBlockCount)
        }

        var isDone: Bool { received == blockCount }

        mutating func take(_ packet: Packet) -> Packet? {
            isAnswered = true
            guard case .block(let block) = packet else { return received == 0 ? acknowledge() : nil }
            if block == received + 1 {
                received = block
                hasComplained = false
                return block == blockCount || block - acknowledged >= windowBlockCount ? acknowledge() : nil
            }
            // Old blocks are acknowledged in lock-step, and at the end (RFC 1350 §6); gaps are reported.
            let isGap = block > received && (complainsOften || !hasComplained)
            guard isDone || windowBlockCount == 1 || isGap else { return nil }
            hasComplained = windowBlockCount > 1
            return acknowledge()
        }

        mutating func lostPatience() -> Packet { isAnswered ? acknowledge() : .request }

        private mutating func acknowledge() -> Packet {
            acknowledged = received
            return .acknowledgement(UInt16(truncatingIfNeeded: received))
        }
    }

    /// A transfer from its first packet to its last.
    private struct Transfer {
        private var send: TFTPSend
        private var client: Client
        private let link: Link
        private var random: Seeded
        private var waiting: [(time: Int, toClient: Bool, packet: Packet)] = []
        private var lineIsFreeAt = 0
        private var clientPatience: Int
        private(set) var now = 0
        private(set) var blocksSent = 0
        private(set) var outcome: TFTPSend.Action = .wait

        var received: Int { client.received }

        init(
            blocks: Int, window: Int, over link: Link, seed: UInt64, hasOptions: Bool = true,
            _ adjust: (inout Client) -> Void = { _ in }
        ) {
            var agreed = TFTPNegotiation(
                TFTPRequest(path: "a", options: hasOptions ? [.init(name: "tsize", value: "0")] : []),
                fileByteCount: (blocks - 1) * 512, limits: .init())
            agreed.windowBlockCount = window
            send = TFTPSend(fileByteCount: (blocks - 1) * 512, agreed: agreed)
            client = Client(blockCount: blocks, windowBlockCount: window)
            adjust(&client)
            self.link = link
            random = Seeded(state: seed)
            clientPatience = client.timeout
            perform(send.start(now: 0))
        }

        private mutating func put(_ packet: Packet, toClient: Bool) {
            var departure = now
            if toClient, case .block = packet {
                departure = max(now, lineIsFreeAt) + link.millisecondsForBlock
                lineIsFreeAt = departure
            }
            for _ in 0..<(random.happens(link.copyPercent) ? 2 : 1)
            where !random.happens(link.lossPercent) && !link.outage.contains(departure) {
                waiting.append((departure + Int.random(in: link.delay, using: &random), toClient, packet))
            }
        }

        private mutating func perform(_ action: TFTPSend.Action) {
            switch action {
            case .sendOptions: put(.options, toClient: true)
            case .send(let blocks):
                blocksSent += blocks.count
                for block in blocks { put(.block(block), toClient: true) }
            case .wait: break
            case .finish, .giveUp: outcome = action
            }
        }

        /// Runs until the server has finished or given up.
        mutating func run() {
            while outcome == .wait, now < 3_600_000 {
                let next = waiting.indices.min { waiting[$0].time < waiting[$1].time }
                // The service checks its deadlines ten times a second.
                let deadline = (send.deadline + 99) / 100 * 100
                let patience = client.isDone ? Int.max : clientPatience
                now = max(now, min(next.map { waiting[$0].time } ?? .max, deadline, patience))
                if let next, waiting[next].time <= now {
                    arrive(waiting.remove(at: next))
                } else if patience <= now {
                    clientPatience = now + client.timeout
                    put(client.lostPatience(), toClient: false)
                } else {
                    perform(send.handle(.timeout, now: now))
                }
            }
        }

        private mutating func arrive(_ arrival: (time: Int, toClient: Bool, packet: Packet)) {
            if arrival.toClient {
                clientPatience = now + client.timeout
                if let answer = client.take(arrival.packet) { put(answer, toClient: false) }
                return
            }
            switch arrival.packet {
            case .request: perform(send.handle(.requestedAgain, now: now))
            case .acknowledgement(let number): perform(send.handle(.acknowledged(number), now: now))
            case .options, .block: break
            }
        }
    }

    private static let seeds: [UInt64] = [1, 2, 3, 5, 8, 13, 21, 34]

    @Test(arguments: seeds, [1, 4, 16, 64])
    func `a file arrives over a link that loses, copies and reorders`(seed: UInt64, window: Int) {
        for lossPercent in [1, 5, 20] {
            let link = Link(lossPercent: lossPercent, copyPercent: 5, delay: 1...9)
            var transfer = Transfer(blocks: 400, window: window, over: link, seed: seed)
            transfer.run()
            #expect(transfer.outcome == .finish && transfer.received == 400, "\(lossPercent) %")
        }
    }

    @Test(arguments: seeds)
    func `in lock-step a loss costs a fraction of a second, not seconds`(seed: UInt64) {
        var transfer = Transfer(
            blocks: 1_000, window: 1, over: Link(lossPercent: 5, delay: 1...2), seed: seed)
        transfer.run()
        #expect(transfer.outcome == .finish)
        // About a hundred losses.
        #expect(transfer.now < 80_000)
        #expect(transfer.blocksSent < 1_200)
    }

    @Test(arguments: seeds)
    func `copies made by the network are not multiplied`(seed: UInt64) {
        for window in [1, 16] {
            let link = Link(copyPercent: 100)
            var transfer = Transfer(blocks: 640, window: window, over: link, seed: seed)
            transfer.run()
            #expect(transfer.outcome == .finish && transfer.received == 640)
            #expect(transfer.blocksSent < 2 * 640, "window \(window)")
        }
    }

    @Test
    func `a window is resent for the first complaint about a block out of order, not for each`() {
        for seed in Self.seeds {
            var transfer = Transfer(
                blocks: 1_000, window: 16, over: Link(lossPercent: 2, delay: 1...1), seed: seed
            ) { $0.complainsOften = true }
            transfer.run()
            #expect(transfer.outcome == .finish)
            #expect(transfer.blocksSent < 1_700)
            #expect(transfer.now < 30_000)
        }
    }

    @Test(arguments: [1, 16, 64])
    func `a slow line is not filled with retransmissions`(window: Int) {
        // 256 kilobits a second: a window of 64 takes three seconds, longer than the first time-out.
        let link = Link(delay: 20...20, millisecondsForBlock: 46)
        var transfer = Transfer(blocks: 1_000, window: window, over: link, seed: 1)
        transfer.run()
        #expect(transfer.outcome == .finish && transfer.received == 1_000)
        #expect(transfer.blocksSent <= 1_000 + 4 * window)
    }

    @Test func `a satellite's delay is learned`() {
        let link = Link(delay: 750...750)
        var transfer = Transfer(blocks: 200, window: 8, over: link, seed: 1)
        transfer.run()
        #expect(transfer.outcome == .finish && transfer.received == 200)
        #expect(transfer.blocksSent <= 220)
    }

    @Test(arguments: [true, false])
    func `a transfer survives a cable unplugged for twenty seconds, but not for longer`(
        hasOptions: Bool
    ) {
        for (outage, outcome) in [(0..<20_000, TFTPSend.Action.finish), (0..<40_000, .giveUp)] {
            let link = Link(delay: 1...1, outage: outage)
            var transfer = Transfer(blocks: 50, window: 1, over: link, seed: 1, hasOptions: hasOptions)
            transfer.run()
            #expect(transfer.outcome == outcome)
        }
        var later = Transfer(
            blocks: 500, window: 1, over: Link(delay: 5...5, outage: 1_000..<21_000), seed: 1,
            hasOptions: hasOptions)
        later.run()
        #expect(later.outcome == .finish && later.received == 500)
    }
}
