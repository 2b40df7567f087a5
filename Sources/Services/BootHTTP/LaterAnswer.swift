/// An answer that comes later. Its connection takes no further request meanwhile; the loop goes on.
final class LaterAnswer {
    private var take: ((HTTPAnswer) -> Void)?
    private var given: HTTPAnswer?
    /// Its connection has ended: no one takes the answer.
    private(set) var isAbandoned = false

    /// - Parameter take: called once, with the first answer that is given.
    func whenGiven(_ take: @escaping (HTTPAnswer) -> Void) {
        if let given { take(given) } else { self.take = take }
    }

    func abandon() {
        isAbandoned = true
        take = nil
    }

    func give(_ answer: HTTPAnswer) {
        guard given == nil, !isAbandoned else { return }
        given = answer
        let take = take
        self.take = nil
        take?(answer)
    }
}
