-- One database per service, each with an owner of its own. Passwords are for this machine alone.
CREATE ROLE redress_intake LOGIN PASSWORD 'redress';
CREATE DATABASE redress_intake OWNER redress_intake;
CREATE ROLE redress_classification LOGIN PASSWORD 'redress';
CREATE DATABASE redress_classification OWNER redress_classification;
CREATE ROLE redress_investigation LOGIN PASSWORD 'redress';
CREATE DATABASE redress_investigation OWNER redress_investigation;
CREATE ROLE redress_resolution LOGIN PASSWORD 'redress';
CREATE DATABASE redress_resolution OWNER redress_resolution;
CREATE ROLE redress_sla LOGIN PASSWORD 'redress';
CREATE DATABASE redress_sla OWNER redress_sla;
CREATE ROLE redress_notification LOGIN PASSWORD 'redress';
CREATE DATABASE redress_notification OWNER redress_notification;
CREATE ROLE redress_analytics LOGIN PASSWORD 'redress';
CREATE DATABASE redress_analytics OWNER redress_analytics;
