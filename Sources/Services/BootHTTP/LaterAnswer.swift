/// An answer that comes later. Its connection takes no further request meanwhile; the loop goes on.
final class LaterAnswer {
    private var take: ((HTTPAnswer) -> Void)?

    /// - Parameter take: called at most once.
    func whenGiven(_ take: @escaping (HTTPAnswer) -> Void) { self.take = take }

    /// Without a connection that waits for it, an answer is lost.
    func give(_ answer: HTTPAnswer) {
        let take = take
        self.take = nil
        take?(answer)
    }
}
