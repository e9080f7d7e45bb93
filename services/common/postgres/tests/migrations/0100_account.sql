CREATE TABLE account (
    id      bigint PRIMARY KEY,
    balance bigint NOT NULL CONSTRAINT account_balance_not_negative CHECK (balance >= 0)
);
