mod guards;
mod policy;
mod properties;
mod regions;
mod samples;
mod stored;
mod table;
